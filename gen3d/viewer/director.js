// The camera path editor: a strip of keys below the scene, played and scrubbed in the viewer itself.
//
// stage: {header(), pose(), show(pose), leaves(view), portray(pose, canvas), redraw(), unfolded(open), film}: what the
// viewer does for it; a pose is {view, focal}, film(text, seconds) only where somebody films. Keys are never changed, so
// that an undo is the list from before.

const LOOPS = {none: 'Once', repeat: 'Round and round', pingpong: 'Back and forth'}
const TENSIONS = [0, 0.25, 0.5, 0.75, 1]
const SAMPLES = 96          // places at which a path is asked whether it leaves the limits
const NEW_SECONDS = 2
const THUMB = [96, 64]      // pixels
const DRAG_PX = 8
const LIFT_MS = 350         // a finger that moves sooner scrolls the strip
const SECONDS = [0.1, 600], FOVS = [5, 150]
const UNDOS = 100

class Director {
  #stage; #signal; #parts = {}; #path; #course = null; #before = []; #time = 0; #least = 0; #chosen = -1
  playing = false

  constructor(stage, signal) {
    this.#stage = stage
    this.#signal = signal
    this.#path = {keys: [], loop: 'none', tension: 0}
    this.element = this.#build()
  }

  // -- what is there

  get path() { return this.#path }

  #lens() {
    const {K, width, height, pivot_m: unit} = this.#stage.header()
    return {focal: K[1][1] / height, aspect: width / height, unit}
  }

  // Of another scene: the path stays, since another state of the same scene may keep the camera too.
  begin(header, keeps) {
    if (!keeps) this.#path = {keys: [], loop: 'none', tension: 0}, this.#before = []
    this.#parts.own.hidden = !header.path
    if (this.#parts.film) this.#parts.film.hidden = Boolean(header.outside)    // somebody else's scene lies nowhere here
    this.#tell('')
    this.#changed()
  }

  toggle(open = this.element.hidden) {
    this.element.hidden = !open
    this.#stage.unfolded(open)
    if (!open) this.pause()
  }

  // -- changes, each of which can be undone

  add() {
    this.toggle(true)
    const {view, focal} = this.#stage.pose(), keys = [...this.#path.keys]
    keys.splice(this.#chosen < 0 ? keys.length : this.#chosen + 1, 0, {...poseOf(view), focal, seconds: NEW_SECONDS})
    this.#chosen = this.#chosen < 0 ? -1 : this.#chosen + 1
    this.#set({keys})
    this.#reveal(this.#chosen < 0 ? keys.length - 1 : this.#chosen)
  }

  #remove(i) {
    this.#set({keys: this.#path.keys.filter((_, k) => k !== i)})
  }

  #move(from, to) {
    if (to < 0 || to >= this.#path.keys.length || to === from) return
    const keys = [...this.#path.keys]
    keys.splice(to, 0, ...keys.splice(from, 1))
    this.#set({keys})
    this.#thumb(to).focus()
  }

  // The strip stays as it is: the keyboard is in it.
  #alter(i, what) {
    this.#set({keys: this.#path.keys.map((key, k) => (k === i ? {...key, ...what} : key))}, false)
    if (!('focal' in what)) return
    this.#paint(this.#thumb(i).firstChild, this.#path.keys[i])
    this.#goTo(i)
  }

  #set(what, anew = true) {
    this.#before = [...this.#before.slice(1 - UNDOS), this.#path]
    this.#path = {...this.#path, ...what}
    this.#changed(anew)
  }

  undo() {
    if (!this.#before.length) return
    this.#path = this.#before.pop()
    this.#changed()
  }

  #changed(anew = true) {
    const {keys} = this.#path
    if (this.#chosen >= keys.length) this.#chosen = -1
    this.#course = null
    if (keys.length) this.#tighten()
    else this.pause()
    this.#time = Math.min(this.#time, this.#course?.duration ?? 0)
    if (anew) this.#list(keys)
    this.#draw()
  }

  #list(keys) {
    const strip = this.#parts.keys, at = strip.scrollLeft
    strip.replaceChildren(...keys.map((key, i) => this.#item(key, i)))
    strip.scrollLeft = at
  }

  // Scrolls the strip alone: the page stays where it is.
  #reveal(i) {
    const strip = this.#parts.keys, item = strip.children[i], left = item.offsetLeft - strip.offsetLeft
    strip.scrollLeft = clamp(strip.scrollLeft, left + item.offsetWidth - strip.clientWidth, left)
  }

  // The least tension with which it leaves the limits no more than it would from key to key in straight lines.
  #tighten() {
    const {unit} = this.#lens()
    const tried = TENSIONS.filter(tension => tension >= this.#least).concat(this.#least).sort((a, b) => a - b).map(tension => {
      const path = {...this.#path, tension}, course = courseOf(path, unit)
      const times = Array.from({length: SAMPLES + 1}, (_, i) => course.duration * i / SAMPLES)
      return {path, course, outside: times.map(time => this.#stage.leaves(viewOf(course.at(time))))}
    })
    const count = one => one.outside.filter(Boolean).length, fewest = Math.min(...tried.map(count))
    const best = tried.find(one => count(one) === fewest)
    this.#path = best.path
    this.#course = best.course
    this.#parts.marks.style.background = fewest ? stripes(best.outside) : ''
    this.#parts.leaves.hidden = !fewest
  }

  // -- playing

  play() {
    if (!(this.#course?.duration > 0)) return
    if (this.#path.loop === 'none' && this.#time >= this.#course.duration) this.#time = 0
    this.playing = true
    this.#draw()
    this.#stage.redraw()
  }

  // The video's path, there and back.
  playOwn() {
    const {path} = this.#stage.header()
    if (!path) return
    this.#use({...path, loop: 'pingpong'})
    this.play()
  }

  pause() {
    this.playing = false
    this.#parts.play.textContent = 'Play'
  }

  // True while it plays.
  advance(elapsed) {
    if (!this.playing) return false
    const {duration} = this.#course
    this.#time += elapsed / 1000
    if (this.#time >= duration) {
      this.#time = this.#path.loop === 'none' ? duration : this.#time % duration
      if (this.#path.loop === 'none') this.pause()
    }
    this.#showTime()
    return true
  }

  #scrub(time) {
    this.pause()
    this.#time = time
    this.#showTime()
    this.#stage.redraw()
  }

  #goTo(i) {
    if (!this.#course) return
    this.#chosen = i
    this.#scrub(this.#course.starts[i])
    for (const [k, item] of [...this.#parts.keys.children].entries()) item.ariaCurrent = String(k === i)
    this.#reveal(i)
  }

  #showTime() {
    const {time, clock} = this.#parts, {duration} = this.#course, key = this.#course.at(this.#time)
    Object.assign(time, {max: duration, value: this.#time})
    clock.textContent = `${this.#time.toFixed(1)} of ${duration.toFixed(1)} s`
    time.setAttribute('aria-valuetext', clock.textContent)
    this.#stage.show({view: viewOf(key), focal: key.focal})
  }

  // -- files

  #save() {
    const name = this.#parts.format.value, {keys, ...rest} = this.#path
    const content = PATH_FILES[name]({keys, ...rest}, this.#lens(), this.#stage.header())
    saveFile(name === 'transforms.json' ? name : name.startsWith('nerf') ? 'camera_path.json' : 'settings.json',
      new Blob([JSON.stringify(content, null, 1)], {type: 'application/json'}))
  }

  async #load(file) {
    if (!file) return
    try {
      if (file.size > 8e6) throw new Error('more than 8 MB')
      this.load(await file.text(), file.name)
    } catch (error) {
      this.#tell(`${file.name} is no camera path that can be read: ${error.message}.`)
    }
  }

  // Takes a file's text for the path; throws where it is none.
  load(text, name = 'path') {
    const path = pathFrom(text, this.#lens(), this.#stage.header().w2c)
    this.#use(path)
    this.#tell(`${name}: ${path.keys.length} views.`)
  }

  #use(path) {
    this.#least = clamp(path.tension, 0, 1)
    this.#chosen = -1
    this.#time = 0
    this.#set(path)
    this.#goTo(0)
  }

  #film() {
    const text = JSON.stringify(asTransforms(this.#path, this.#lens(), this.#stage.header()))
    this.#stage.film(text, this.#course.duration)
    this.#tell('The video is made below: it replaces the one from before when it is done.')
  }

  #tell(words) {
    this.#parts.told.textContent = words
  }

  // -- what is seen

  #build() {
    const parts = this.#parts, on = {signal: this.#signal}
    const button = (name, textContent, act, title = '') => {
      parts[name] = made('button', {type: 'button', textContent, title})
      parts[name].addEventListener('click', act, on)
      return parts[name]
    }
    const select = (name, label, options, act) => {
      parts[name] = made('select', {}, {'aria-label': label})
      parts[name].append(...options.map(([value, textContent]) => made('option', {value, textContent})))
      parts[name].addEventListener('change', act, on)
      return parts[name]
    }
    parts.time = made('input', {type: 'range', min: 0, max: 0, step: 'any', value: 0}, {'aria-label': 'Time'})
    parts.time.addEventListener('input', () => this.#scrub(Number(parts.time.value)), on)
    parts.file = made('input', {type: 'file', accept: '.json,application/json', hidden: true})
    parts.file.addEventListener('change', () => { this.#load(parts.file.files[0]); parts.file.value = '' }, on)
    parts.keys = made('ol', {className: 'keys'}, {'aria-label': 'Views of the path'})
    parts.marks = made('div', {className: 'marks'})
    parts.clock = made('output')
    parts.leaves = made('span', {className: 'leaves', hidden: true, textContent: 'leaves what was built'})
    parts.told = made('p', {className: 'told'}, {role: 'status'})
    const slider = made('div', {className: 'slider'})
    slider.append(parts.marks, parts.time)
    const first = made('div', {className: 'row'}), last = made('div', {className: 'row'})
    first.append(
      button('add', 'Add this view', () => this.add(), 'K'),
      button('play', 'Play', () => (this.playing ? this.pause() : this.play()), 'P'), slider, parts.clock, parts.leaves,
      select('loop', 'How it goes on', Object.entries(LOOPS), () => this.#set({loop: parts.loop.value})),
      button('undo', 'Undo', () => this.undo()),
    )
    last.append(
      button('own', "The video's path", () => this.#use(this.#stage.header().path)),
      button('open', 'Load', () => parts.file.click()), parts.file,
      button('save', 'Save as', () => this.#save()),
      select('format', 'Kind of file', Object.keys(PATH_FILES).map(name => [name, name]), () => {}),
    )
    if (this.#stage.film) last.append(button('film', 'Film this path', () => this.#film()))
    const element = made('div', {className: 'director', hidden: true}, {role: 'group', 'aria-label': 'Camera path'})
    element.append(first, parts.keys, last, parts.told)
    return element
  }

  #draw() {
    const {keys, loop} = this.#path, parts = this.#parts, some = keys.length > 0
    parts.loop.value = loop
    parts.undo.disabled = !this.#before.length
    parts.play.textContent = this.playing ? 'Pause' : 'Play'
    for (const name of ['save', 'film']) if (parts[name]) parts[name].disabled = !some
    parts.play.disabled = parts.time.disabled = !(this.#course?.duration > 0)
    parts.clock.textContent = some ? `${this.#time.toFixed(1)} of ${this.#course.duration.toFixed(1)} s` : ''
    Object.assign(parts.time, {max: this.#course?.duration ?? 0, value: this.#time})
    if (!some) parts.marks.style.background = '', parts.leaves.hidden = true
  }

  #item(key, i) {
    const item = made('li'), {keys, loop} = this.#path, on = {signal: this.#signal}
    const name = `View ${i + 1} of ${keys.length}`
    const thumb = made('button', {type: 'button', className: 'thumb', title: 'Drag, or Alt and an arrow key, to move it'},
      {'aria-label': `${name}: go there`})
    thumb.append(made('canvas', {width: THUMB[0], height: THUMB[1]}))
    this.#paint(thumb.firstChild, key)
    thumb.addEventListener('keydown', event => {
      const by = event.altKey && {ArrowLeft: -1, ArrowRight: 1}[event.key]
      if (!by) return
      event.preventDefault()
      this.#move(i, i + by)
    }, on)
    this.#dragging(thumb, i)
    const number = (label, value, [min, max], unit, act) => {
      const input = made('input', {type: 'number', min, max, step: 'any', value: short(value)}, {'aria-label': `${name}: ${label}`})
      input.addEventListener('change', () => {
        const given = input.valueAsNumber, taken = Number.isFinite(given) ? clamp(given, min, max) : value
        input.value = short(taken)
        act(taken)
      }, on)
      const around = made('label')
      around.append(input, unit)
      return around
    }
    const since = number('seconds since the one before', key.seconds, SECONDS, 's', seconds => this.#alter(i, {seconds}))
    if (i === 0 && loop !== 'repeat') since.style.visibility = 'hidden'    // nothing comes before it
    const angle = number('field of view, degrees', fovOf(key.focal), FOVS, '\u00b0', fov => this.#alter(i, {focal: focalOf(fov), picture: null}))
    const remove = made('button', {type: 'button', className: 'remove', textContent: '\u00d7'}, {'aria-label': `${name}: remove`})
    remove.addEventListener('click', () => this.#remove(i), on)
    item.ariaCurrent = String(i === this.#chosen)
    item.append(thumb, remove, since, angle)
    return item
  }

  #paint(canvas, key) {
    if (!key.picture) {
      key.picture = made('canvas', {width: THUMB[0], height: THUMB[1]})
      this.#stage.portray({view: viewOf(key), focal: key.focal}, key.picture)
    }
    canvas.getContext('2d').drawImage(key.picture, 0, 0)
  }

  #thumb(i) {
    return this.#parts.keys.children[i].querySelector('.thumb')
  }

  // By the mouse, or by a finger that has rested on it; without a way to speak of it is a click.
  #dragging(thumb, i) {
    let from = null, over = i, lifted = false, resting = 0
    const on = (name, act) => thumb.addEventListener(name, act, {signal: this.#signal, passive: false})
    const drop = () => {
      clearTimeout(resting)
      from = null
      lifted = false
      mark(null)
    }
    const mark = item => {
      for (const other of this.#parts.keys.children) other.classList.toggle('over', other === item)
    }
    on('pointerdown', event => {
      thumb.setPointerCapture(event.pointerId)
      from = [event.clientX, event.clientY]
      over = i
      lifted = event.pointerType !== 'touch'
      if (!lifted) resting = setTimeout(() => { lifted = true; mark(thumb.parentNode) }, LIFT_MS)
    })
    on('touchmove', event => { if (lifted) event.preventDefault() })
    on('contextmenu', event => { if (lifted) event.preventDefault() })
    on('pointermove', event => {
      if (!lifted || !from || Math.hypot(event.clientX - from[0], event.clientY - from[1]) < DRAG_PX) return
      const root = thumb.getRootNode(), under = root.elementFromPoint(event.clientX, event.clientY)?.closest('li')
      const at = [...this.#parts.keys.children].indexOf(under)
      if (at >= 0) over = at
      mark(over === i ? null : this.#parts.keys.children[over])
    })
    on('pointerup', () => {
      drop()
      this.#move(i, over)
    })
    on('pointercancel', drop)
    on('click', () => { if (over === i) this.#goTo(i) })
  }
}

function short(number) {
  return Number(number.toFixed(number < 10 ? 2 : 1))
}

// A bar that is coloured where the path leaves.
function stripes(outside) {
  const share = i => `${(100 * clamp(i - 0.5, 0, SAMPLES) / SAMPLES).toFixed(2)}%`
  const stops = outside.flatMap((leaves, i) => {
    const colour = leaves ? '#ffb454' : 'transparent'
    return [`${colour} ${share(i)}`, `${colour} ${share(i + 1)}`]
  })
  return `linear-gradient(to right, ${stops})`
}

function saveFile(name, blob) {
  const link = made('a', {href: URL.createObjectURL(blob), download: name})
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
