// Gen3D's scene viewer: 3D Gaussians in WebGL 2, without a library, starting exactly at the photo's camera.
//
//   const viewer = createSceneViewer(element, {sway: true, title: 'A room', poster: 'room.jpg'})
//   await viewer.show('scene.view')        // an address or the file's bytes; {keepCamera: true} stays where it looks
//   viewer.reset(); viewer.dispose(); viewer.canvas; viewer.pose()     // {view: world to camera, focal: in heights}
//   viewer.things.load(text)               // the text of an edits.json
//   viewer.things.take(edit, source)       // brings in what stands in a file of its own, as {bring} has it made
//   {film: (text, seconds) => ...} films a path: the text of a transforms.json
//   {apply: (text, say) => ...} takes a scene's edits, the text of an edits.json, and says when files and videos heed them
//   {part: (how, text, say) => ...} takes things apart ({split: thing, outlines}), joins them ({merge: things}) or undoes that
//     ({undo: 1}), has the edits, and shows the scene with what there is then
//   {bring: ({words, file}, say, take) => ...} has something made of words or of a file, then take(edit, address of it)
//   {asked: askedOf(location.search)} begins as an address says (parameters.js)
//
// This file ties the others together and draws when something has changed, and only then:
//   reading.js    streams the file (its layout: gen3d/formats/view.py, view_codes.py) and hands on every fifth of it
//   worker.js     unpacks records into texels, and sorts the Gaussians from far to near
//   renderer.js   projects and blends them
//   orbit.js      where the camera is: turns about the pivot within the file's limits, or goes all around; and eases
//   controls.js   mouse, touch, wheel and keys; gamepad.js; tilt.js: a phone's tilt; xr.js: a headset
//   modes.js      what is shown, and the photo beside it; measure.js: what a click hits
//   things.js     the things of a scene to be chosen, moved, turned, removed; edits.js does the sums
//   poster.js     a still picture until there is one of the scene
//   director.js   the camera path editor; path.js goes along a path, path_files.js saves and loads it
//
// Frames are OpenCV's: x right, y down, z forward; matrices are rows of numbers. The picture keeps the photo's shape:
// it is fitted into the canvas as a whole, since the limits promise nothing for what lies beside the photo's frame.
//
// For tests the canvas carries data-ready (all is drawn), -count (Gaussians in the last picture), -revision (pictures
// drawn so far), -still (nothing moves, and the picture is sharp), -progress (share of the file that is there), -sway,
// -yaw, -pitch (degrees), -zoom, -playing, -mode, -worn (a headset draws), and for somebody else's scene -outside and -up
// (as "-y").

const MAX_PIXEL_RATIO = 2
const SLOW_MS = 50          // a picture that takes longer is drawn coarser while the camera moves
const COARSEST = 0.18       // as a share of the sharp picture's width; what counts is its square, the cost
const NARROWEST = 0.5       // coarser than this, fewer and larger Gaussians are drawn: fewer pixels would save nothing
const FEWEST = 3            // one of two to the power of this
const STILL_MS = 300        // so long without motion before the sharp picture is drawn again
const TOO_SLOW_MS = 250     // nobody enjoys a sway at four pictures a second
const PROMPT_MS = 100       // where a sharp picture takes longer, a coarse one shows an edit first

function createSceneViewer(container, options = {}) {
  const canvas = document.createElement('canvas')
  const gl = canvas.getContext('webgl2', {antialias: false, depth: false, powerPreference: 'high-performance'})
  if (!gl || typeof DecompressionStream === 'undefined') return unable(container)
  return new SceneViewer(container, canvas, gl, options)
}

function unable(container) {
  const root = container.appendChild(made('div', {className: 'gen3d-viewer'}))
  const sentence = 'This browser cannot show the scene in 3D, because WebGL 2 is missing or switched off. ' +
    'A current Chrome, Edge, Firefox or Safari can; the video shows the same scene.'
  root.append(made('p', {textContent: sentence}, {role: 'alert'}))
  return {show: async () => {}, reset() {}, dispose: () => root.remove(), canvas: null}
}

class SceneViewer {
  #gl; #root; #message; #options; #worker; #renderer; #orbit
  #ended = new AbortController()      // takes every listener away at once
  #observers = []
  #loading = null                     // aborts the download under way
  #scene = null                       // {id, header, parts of texels, how many Gaussians are there}
  #sorting = false                    // one sort at a time
  #sortedFor = ''                     // what the last one was asked for
  #asksFor = ''                       // of which things, and of how many Gaussians
  #answered = ''                      // the same of the order that pictures are drawn with
  #order = null                       // its buffer travels to the worker and back
  #changed = false; #scheduled = false; #lost = false; #inView = true
  #pace = 1                           // how coarse pictures must be to keep up with motion; 1 is sharp
  #coarse = 1                         // how coarse they are now
  #usual = 16                         // milliseconds a picture takes while the camera moves
  #sharpMs = 0                        // and the last sharp one of all of the scene
  #director; #poster
  #measure; #comparison; #modes; #legend; #things
  #headset; #tilt
  #note = made('output', {className: 'note', hidden: true})
  #free = null                        // where a path leads: {view, focal}, in place of the orbit's view
  #frame                              // holds the canvas and what lies upon it
  #choices                            // the buttons of somebody else's scene
  #moving = false; #held = false; #lastTick = 0; #stillTimer = 0

  constructor(container, canvas, gl, options) {
    this.canvas = canvas
    this.#gl = gl
    this.#options = options
    this.#root = container.appendChild(made('div', {className: 'gen3d-viewer'}))
    this.#root.classList.toggle('noui', Boolean(options.asked?.noui))
    this.#message = made('p', {hidden: true}, {role: 'alert'})
    this.#choices = made('div', {className: 'choices', hidden: true})
    this.#frame = made('div', {className: 'frame'})
    this.#poster = new Poster(container.querySelector(':scope > .poster'), options.poster)
    this.#frame.append(canvas, this.#poster.element, this.#message)
    this.#root.append(this.#frame)
    this.#orbit = new Orbit(options.sway !== false && !matchMedia('(prefers-reduced-motion: reduce)').matches)
    this.#renderer = new Renderer(gl)
    this.#worker = this.#startWorker()
    this.#director = new Director(this.#stage(), this.#ended.signal)
    this.#measure = new Measure({hit: (x, y) => this.#hit(x, y), project: point => this.#project(point)})
    this.#things = new Things(this.#workbench(), this.#ended.signal)
    this.#comparison = new Comparison(this.#ended.signal)
    this.#legend = legend('picture')
    this.#headset = new Headset(this.#stand(), this.#ended.signal)
    this.#tilt = new Tilt(this.#lean(), this.#ended.signal)
    this.#frame.append(this.#things.outline, this.#measure.element, this.#comparison.element, this.#legend, this.#around(), this.#note)
    this.#root.append(this.#things.element, this.#director.element)
    this.#things.listen(this.#root, canvas)
    this.#listen()
    canvas.dataset.sway = this.#orbit.swaying ? 'on' : 'off'
  }

  get things() { return this.#things }

  // Resolves when all of the scene is there; rejects, with a sentence on the canvas, when it cannot be had.
  async show(source, {keepCamera = false} = {}) {
    this.#loading?.abort()
    const mine = this.#loading = new AbortController()
    this.#message.hidden = true
    Object.assign(this.canvas.dataset, {ready: 'false', progress: '0'})
    let whole
    const unpacked = new Promise(resolve => { whole = resolve })
    mine.signal.addEventListener('abort', whole)
    const begin = header => this.#begin(header, keepCamera, whole)
    const add = (first, records) => this.#tell({task: 'unpack', id: this.#scene.id, first, records}, records.buffer)
    try {
      await readScene(source, mine.signal, begin, add)
    } catch (error) {
      if (mine.signal.aborted) return
      this.#complain()
      throw error
    }
    await unpacked
    for (const extra of this.#things.extras) this.#addExtra(extra)
  }

  reset() {
    this.#byHand()
    this.#orbit.reset()
    this.#redraw()
  }

  pose() {
    const {K, height} = this.#scene.header
    return this.#free ?? {view: this.#orbit.view(), focal: K[1][1] / height}
  }

  dispose() {
    this.#ended.abort()
    this.#loading?.abort()
    clearTimeout(this.#stillTimer)
    this.#worker.terminate()
    for (const observer of this.#observers) observer.disconnect()
    // A browser keeps only some 16 contexts and collects forgotten ones late.
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext()
    this.#root.remove()
  }

  // -- a scene comes in

  #startWorker() {
    const address = URL.createObjectURL(new Blob([`(${sceneWorker})()`], {type: 'text/javascript'}))
    const worker = new Worker(address)
    worker.onmessage = ({data}) => (data.texels ? this.#addPart(data) : this.#useOrder(data))
    worker.onerror = () => this.#complain()
    URL.revokeObjectURL(address)
    return worker
  }

  #tell(task, ...buffers) {
    this.#worker.postMessage(task, buffers)
  }

  #begin(header, keepCamera, whole) {
    const keeps = keepCamera && this.#scene !== null
    this.#orbit.use(header, keeps)
    this.#free = null
    this.#scene = {id: (this.#scene?.id ?? 0) + 1, header, parts: [], there: 0, filled: header.count, whole}
    this.#sorting = false                           // the worker does not answer for an earlier scene
    this.#root.style.setProperty('--aspect', `${header.width} / ${header.height}`)
    const title = this.#options.title ?? header.title
    const how = header.outside ? HOW_TO_OUTSIDE : HOW_TO
    this.canvas.setAttribute('aria-label', (title ? `3D scene: ${title}. ` : '') + how)
    this.#poster.begin(header.photo)
    this.#choices.hidden = !header.outside
    this.#tellPlace()
    this.#director.begin(header, keeps)
    const modes = modesOf(header), before = this.#modes.value
    this.#modes.replaceChildren(...modes.map(([value, textContent]) => made('option', {value, textContent})))
    if (!keeps && this.#measure.active) this.#toggleMeasure()
    this.#look(keeps && modes.some(([name]) => name === before) ? before : 'picture')
    this.#things.begin(header, keeps)
    this.#frame.querySelector('.edits').hidden = !this.#things.some
    this.#tell({task: 'begin', id: this.#scene.id, header, things: this.#things.numbers})
    if (!keeps && this.#options.asked) this.#ask(this.#options.asked, modes)
  }

  // What an address says (parameters.js), as far as this scene has it.
  #ask({camera, autoplay, mode}, modes) {
    if (modes.some(([name]) => name === mode)) this.#look(mode)
    if (camera) {
      this.#stopSway()
      this.#orbit.face(...camera)
    }
    if (autoplay && !matchMedia('(prefers-reduced-motion: reduce)').matches) this.#director.playOwn()
  }

  #addPart({id, first, count, texels, harmonics, own}) {
    const scene = this.#scene
    if (id !== scene.id) return
    const part = {row: first / ROW, texels, harmonics}
    scene.parts.push(part)                          // kept for a context that is lost
    if (own) return this.#addOwn(part)
    scene.there = first + count
    if (!this.#lost) {
      if (first === 0) this.#beginDrawing()
      this.#renderer.upload(part)
    }
    this.canvas.dataset.progress = String(scene.there / scene.header.count)
    if (scene.there === scene.header.count) scene.whole()
    this.#redraw()
  }

  // What was not in the scene's own file.
  #addOwn(part) {
    if (!this.#lost) {
      const grown = this.#renderer.grow(this.#rows)
      for (const one of grown ? this.#scene.parts : [part]) this.#renderer.upload(one)
    }
    this.#things.arrived()
  }

  get #rows() {
    return Math.max(...this.#scene.parts.map(({row, texels}) => row + texels.length / (8 * ROW)))
  }

  // {slot, header, records} of a file, or {slot} alone for the disc of contact shadows.
  #addExtra({slot, header, records}) {
    const scene = this.#scene, first = Math.ceil(scene.filled / ROW) * ROW
    if (!header) {
      scene.filled = first + ROW
      return this.#tell({task: 'disc', id: scene.id, first, slot})
    }
    const stride = records.length / header.count
    scene.filled = first + header.count
    this.#tell({task: 'more', id: scene.id, first, slot, stride, own: {header}, records})
  }

  // A thing's own file: {header, records}.
  async #read(source) {
    const parts = []
    let found = null
    await readScene(source, this.#ended.signal, header => { found = header }, (first, records) => parts.push(records))
    const records = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) { records.set(part, at); at += part.length }
    return {header: found, records}
  }

  #beginDrawing() {
    const {header, parts} = this.#scene
    this.#renderer.begin(header, Math.max(Math.ceil(header.count / ROW), parts.length ? this.#rows : 0))
    this.#renderer.place(this.#things.lines())
    this.#renderer.chosen = this.#things.slot
  }

  #complain() {
    this.#message.textContent = 'The scene could not be loaded. Reload the page to try again.'
    this.#message.hidden = false
  }

  // -- a picture goes out

  #redraw() {
    this.#changed = true
    this.canvas.dataset.still = 'false'
    this.#schedule()
  }

  #schedule() {
    if (this.#scheduled || !this.#awake()) return
    this.#scheduled = true
    requestAnimationFrame(now => this.#tick(now))
  }

  #awake() {
    return !this.#lost && this.#inView && !document.hidden && !this.#headset.worn && !this.#ended.signal.aborted
  }

  #tick(now) {
    this.#scheduled = false
    if (!this.#awake() || !this.#scene?.there) return
    const wasMoving = this.#moving, elapsed = wasMoving ? now - this.#lastTick : 16
    this.#lastTick = now
    this.#moving = this.#things.trying || this.#director.advance(elapsed) || (!this.#free && this.#orbit.advance(elapsed))
    if (this.#moving && wasMoving) this.#adapt(elapsed)
    else if (this.#moving) this.#pace = Math.min(this.#pace, this.#atOnce)
    if (this.#moving) this.#coarse = this.#pace
    if (this.#moving || this.#changed) this.#draw()
    if (this.#moving) this.#schedule()
    else if (this.#coarse < 1) this.#sharpenSoon()
    const still = !this.#moving && this.#coarse === 1 && !this.#sorting
    Object.assign(this.canvas.dataset, {still: String(still), playing: String(this.#director.playing)})
  }

  #adapt(elapsed) {
    this.#usual += 0.3 * (elapsed - this.#usual)    // browsers let two pictures pass at once and then wait
    if (this.#usual > SLOW_MS) this.#pace = Math.max(COARSEST, this.#pace * Math.max(0.35, Math.sqrt(SLOW_MS / this.#usual)))
    else if (this.#usual < SLOW_MS / 2) this.#pace = Math.min(1, 1.02 * this.#pace)
    if (this.#usual > TOO_SLOW_MS && this.#pace === COARSEST) this.#stopSway()
  }

  #sharpenSoon() {
    clearTimeout(this.#stillTimer)
    this.#stillTimer = setTimeout(() => {
      if (this.#moving || this.#held || this.#coarse === 1) return
      this.#coarse = 1
      this.#redraw()
    }, STILL_MS)
  }

  #draw() {
    this.#changed = false
    const {view, focal} = this.pose(), {header} = this.#scene
    this.#sort(view)
    // Before the first order there is nothing to draw, and the picture of an earlier scene may stay.
    if (!this.#renderer.asked || this.#outdated || !this.#resize()) return
    this.#renderer.draw(focused(header, focal), view)
    this.#time()
    this.#poster.drawn()
    this.#measure.update()
    this.#things.update()
    const {dataset} = this.canvas, {yaw, pitch, zoom, swaying} = this.#orbit
    this.#drawn()
    Object.assign(dataset, {count: this.#renderer.count, yaw: yaw.toFixed(3), pitch: pitch.toFixed(3)})
    Object.assign(dataset, {zoom: zoom.toFixed(4), sway: swaying ? 'on' : 'off'})
    if (this.#renderer.asked >= header.count) dataset.ready = 'true'
  }

  // Whether a picture now would show things as they were, or the few Gaussians of a coarse one, until the sort is done.
  get #outdated() { return !this.#moving && this.#answered !== this.#asksOf() }

  #asksOf() { return [this.#scene.id, this.#every, this.#things.revision].join() }

  get #every() { return 2 ** clamp(Math.round(2 * Math.log2(NARROWEST / this.#coarse)), 0, FEWEST) }

  #time() {
    if (this.#moving || this.#coarse < 1 || !this.#whole) return
    this.#renderer.timed(ms => { this.#sharpMs = ms })
  }

  // How coarse a picture is to stand soon. Where a sharp one takes long, it is so many Gaussians that take it.
  get #atOnce() {
    return this.#sharpMs < PROMPT_MS ? 1 : Math.max(COARSEST, NARROWEST * Math.sqrt(SLOW_MS / this.#sharpMs))
  }

  get #whole() { return this.#scene?.there === this.#scene?.header.count }

  #drawn() {
    this.canvas.dataset.revision = Number(this.canvas.dataset.revision ?? 0) + 1
  }

  // While the camera moves, pictures never wait for this: they are drawn with the last order until a new one is there.
  #sort(view) {
    const {id, header, there} = this.#scene, every = this.#every
    const placed = this.#things.placed()
    const wanted = [id, there, every, this.#things.revision, ...view[2].map(x => x.toFixed(5))].join()
    if (this.#sorting || wanted === this.#sortedFor) return
    this.#sorting = true
    this.#sortedFor = wanted
    this.#asksFor = this.#asksOf()
    const order = this.#order, near = NEAR_OF_PIVOT * header.pivot_m
    this.#order = null
    const count = there < header.count ? there : this.#scene.filled
    this.#tell({task: 'sort', id, axis: view[2], near, count, every, placed, order}, ...(order ? [order.buffer] : []))
  }

  #useOrder({id, order, asked, count, every, placed}) {
    this.#sorting = false
    this.#order = order
    if (id === this.#scene.id && !this.#lost) {
      this.#renderer.setOrder(order, asked, count, every, placed)
      this.#answered = this.#asksFor
    }
    this.#redraw()
  }

  #resize() {
    const {canvas} = this, ratio = Math.min(MAX_PIXEL_RATIO, devicePixelRatio || 1) * Math.max(NARROWEST, this.#coarse)
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio)
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height})
    return width > 0 && height > 0
  }

  // -- what happens around it

  #listen() {
    const {canvas} = this, {signal} = this.#ended
    const sized = new ResizeObserver(() => this.#redraw())
    const seen = new IntersectionObserver(entries => {
      this.#inView = entries.at(-1).isIntersecting
      this.#wake()
    })
    this.#observers = [sized, seen]
    for (const observer of this.#observers) observer.observe(canvas)
    document.addEventListener('visibilitychange', () => this.#wake(), {signal})
    canvas.addEventListener('webglcontextlost', event => this.#lose(event), {signal})
    canvas.addEventListener('webglcontextrestored', () => this.#restore(), {signal})
    const does = {
      touch: () => this.#touched(),
      hold: held => this.#hold(held),
      turn: (right, up) => this.#move(() => this.#orbit.turn(right, up)),
      zoom: factor => this.#move(() => this.#orbit.zoomBy(factor)),
      pan: (right, up) => this.#move(() => this.#orbit.pan(right, up)),
      reset: () => this.reset(),
      turnUp: () => this.#place(orbit => orbit.turnUp()),
      cross: () => this.#place(orbit => orbit.cross()),
      fullScreen: () => this.#toggleFullScreen(),
      click: (x, y) => this.#scene?.there && (this.#measure.active ? this.#measure : this.#things).at(x, y),
      grab: (x, y) => !this.#measure.active && this.#things.grab(x, y),
      carry: (x, y) => this.#things.carry(x, y),
      drop: whether => this.#things.drop(whether),
      measure: () => this.#scene && this.#toggleMeasure(),
      keep: () => this.#scene && this.#director.add(),
      play: () => this.#scene && (this.#director.playing ? this.#director.pause() : this.#director.play()),
      save: transparent => this.#savePicture(transparent),
    }
    listenToHands(canvas, signal, does)
    listenToGamepads(signal, does, () => this.#awake() && this.#scene !== null)
    this.#frame.append(this.#tools())
    this.#choices.append(
      this.#choice('cross', 'Go outside or back (O)', orbit => orbit.cross()),
      this.#choice('up', 'Another axis up (U)', orbit => orbit.turnUp()),
    )
    this.#frame.append(this.#choices)
  }

  // What a headset needs of it: while one is worn, it draws, and the page's own pictures rest.
  #stand() {
    return {
      gl: this.#gl,
      orbit: () => this.#orbit,
      ready: () => !this.#lost && this.#renderer.asked > 0,
      sort: view => this.#sort(view),
      draw: (...how) => { this.#renderer.drawEye(...how); this.#drawn() },
      begin: () => this.#putOn(),
      end: () => { this.canvas.dataset.worn = 'false'; this.#wake() },
      tell: words => this.#say(words),
    }
  }

  #putOn() {
    this.canvas.dataset.worn = 'true'
    this.#say('')
    this.#stopSway()
    this.#byHand()
    this.#coarse = 1
  }

  // What a phone's tilt needs of it; a path that leads is not disturbed.
  #lean() {
    return {
      seat: () => { this.#stopSway(); return this.#orbit.target },
      lean: (seat, right, up) => {
        if (this.#free || !this.#scene) return
        this.#orbit.target = this.#orbit.within({...seat, yaw: seat.yaw + right, pitch: seat.pitch + up})
        this.#redraw()
      },
      tell: words => this.#say(words),
    }
  }

  #around() {
    const around = made('div', {className: 'around'})
    around.append(...this.#headset.buttons, this.#tilt.button)
    return around
  }

  // What the path editor needs of the viewer.
  #stage() {
    return {
      header: () => this.#scene.header,
      pose: () => this.pose(),
      show: pose => { this.#stopSway(); this.#free = pose },
      leaves: view => this.#orbit.leaves(view),
      portray: (pose, canvas) => this.#portray(pose, canvas),
      redraw: () => this.#redraw(),
      unfolded: open => { this.#frame.querySelector('.paths').ariaExpanded = String(open) },
      film: this.#options.film,
    }
  }

  // What the things need of it.
  #workbench() {
    return {
      header: () => this.#scene.header,
      slotAt: (x, y) => this.#slotAt(x, y),
      project: point => this.#project(point),
      ray: (x, y) => this.#ray(x, y),
      pixel: (x, y) => this.#pixel(x, y),
      camera: () => this.#camera(),
      place: () => {
        if (this.#lost || !this.#renderer.textures) return
        this.#renderer.place(this.#things.lines())
        this.#renderer.chosen = this.#things.slot
        if (this.#whole) this.#coarse = Math.min(this.#coarse, this.#atOnce)
        this.#redraw()
      },
      begin: () => { this.#stopSway(); this.#byHand() },
      unfolded: open => { this.#frame.querySelector('.edits').ariaExpanded = String(open) },
      apply: this.#options.apply,
      bring: this.#options.bring,
      part: this.#options.part,
      read: source => this.#read(source),
      add: extra => this.#addExtra(extra),
      whole: () => this.#whole,
    }
  }

  // A small picture from anywhere; what was on the canvas comes back before anybody sees it.
  #portray({view, focal}, into) {
    const {header} = this.#scene, renderer = this.#renderer
    if (!renderer.asked || this.#lost || !this.#resize()) return
    renderer.chosen = 0
    renderer.draw(focused(header, focal), view)
    renderer.chosen = this.#things.slot
    const [x, , w, h] = renderer.frame, y = this.canvas.height - renderer.frame[1] - h
    const scale = Math.max(into.width / w, into.height / h), [across, down] = [into.width / scale, into.height / scale]
    const middle = [x + (w - across) / 2, y + (h - down) / 2]
    into.getContext('2d').drawImage(this.canvas, ...middle, across, down, 0, 0, into.width, into.height)
    const now = this.pose()
    renderer.draw(focused(header, now.focal), now.view)
  }

  // -- what is shown

  #look(mode) {
    const isPhoto = mode === 'photo'
    this.#modes.value = mode
    this.canvas.dataset.mode = mode
    this.#renderer.mode = Math.max(0, MODES.indexOf(mode))
    const words = legend(mode)
    this.#legend.replaceWith(words)
    this.#legend = words
    if (isPhoto) {
      this.#director.pause()
      this.#stopSway()
      this.#free = null
      this.#orbit.reset()
      this.#comparison.show(this.#scene.header.photo)
    } else this.#comparison.hide()
    this.#redraw()
  }

  // What is seen now as a PNG, sharp; transparent: where the scene ends.
  #savePicture(transparent) {
    const {canvas} = this, {view, focal} = this.pose()
    this.#coarse = 1
    if (!this.#renderer.asked || this.#lost || !this.#resize()) return
    this.#renderer.chosen = 0
    this.#renderer.draw(focused(this.#scene.header, focal), view, transparent ? 0 : 1)
    this.#renderer.chosen = this.#things.slot
    const [x, bottom, width, height] = this.#renderer.frame, picture = made('canvas', {width, height})
    picture.getContext('2d').drawImage(canvas, -x, bottom + height - canvas.height)
    picture.toBlob(blob => saveFile('view.png', blob))
    this.#redraw()
  }

  #toggleMeasure() {
    this.#stopSway()
    this.#measure.toggle()
    this.#frame.classList.toggle('measuring', this.#measure.active)
    this.#frame.querySelector('.measures').ariaPressed = String(this.#measure.active)
  }

  // Pixels of the canvas's box to the photo's.
  #toPhoto() {
    const {width, height} = this.#scene.header, [left, bottom, w, h] = this.#renderer.frame
    const top = this.canvas.height - bottom - h, ratio = this.canvas.width / this.canvas.clientWidth
    return {ratio, left, top, across: width / w, down: height / h}
  }

  #hit(x, y) {
    const {view, focal} = this.pose(), header = focused(this.#scene.header, focal), {K, width, height} = header
    const {ratio} = this.#toPhoto(), [u, v] = this.#pixel(x, y)
    if (u < 0 || v < 0 || u >= width || v >= height) return null
    const z = this.#renderer.depthAt(x * ratio, y * ratio, header, view)
    this.#redraw()
    if (!z) return null
    const seen = [(u - K[0][2]) / K[0][0] * z, (v - K[1][2]) / K[1][1] * z, z], {place} = poseOf(view)
    return {point: place.map((p, k) => p + dot(seen, view.map(row => row[k]))), distance: Math.hypot(...seen)}
  }

  // Of the photo, where a pixel of the canvas's box lies.
  #pixel(x, y) {
    const {ratio, left, top, across, down} = this.#toPhoto()
    return [(x * ratio - left) * across, (y * ratio - top) * down]
  }

  #slotAt(x, y) {
    if (!this.#renderer.asked || this.#lost) return 0
    const {view, focal} = this.pose(), {ratio} = this.#toPhoto()
    const slot = this.#renderer.slotAt(x * ratio, y * ratio, focused(this.#scene.header, focal), view)
    this.#redraw()
    return slot
  }

  // From the camera through a pixel of the canvas's box: {place, way}.
  #ray(x, y) {
    const {view, focal} = this.pose(), {K} = focused(this.#scene.header, focal), [u, v] = this.#pixel(x, y)
    const seen = [(u - K[0][2]) / K[0][0], (v - K[1][2]) / K[1][1], 1]
    return {place: poseOf(view).place, way: [0, 1, 2].map(k => dot(seen, view.map(row => row[k])))}
  }

  // As things.json has it.
  #camera() {
    const {view, focal} = this.pose(), {K, width, height} = focused(this.#scene.header, focal)
    return {K, w2c: [...view, [0, 0, 0, 1]], width, height}
  }

  #project(point) {
    const {view, focal} = this.pose(), {K} = focused(this.#scene.header, focal)
    const [x, y, z] = view.map(row => dot(point, row) + row[3])
    if (z <= 0) return null
    const {ratio, left, top, across, down} = this.#toPhoto()
    const [u, v] = [K[0][0] * x / z + K[0][2], K[1][1] * y / z + K[1][2]]
    return [(u / across + left) / ratio, (v / down + top) / ratio]
  }

  // From where a path had led, the hand goes on.
  #byHand() {
    if (this.#modes.value === 'photo') this.#look('picture')
    this.#director.pause()
    if (this.#free) this.#orbit.jump(this.#free.view)
    this.#free = null
  }

  #tools() {
    const tools = made('div', {className: 'tools'})
    const path = made('button', {type: 'button', textContent: 'Path', title: 'Draw a camera path', className: 'paths'}, {'aria-expanded': 'false'})
    path.addEventListener('click', () => {
      if (!this.#scene) return
      this.#stopSway()
      this.#director.toggle()
    }, {signal: this.#ended.signal})
    this.#modes = made('select', {className: 'modes'}, {'aria-label': 'What is shown'})
    this.#modes.addEventListener('change', () => this.#look(this.#modes.value), {signal: this.#ended.signal})
    const measure = made('button', {type: 'button', textContent: 'Measure', title: 'Distances in metres (M)', className: 'measures'},
      {'aria-pressed': 'false'})
    measure.addEventListener('click', () => this.#scene && this.#toggleMeasure(), {signal: this.#ended.signal})
    const save = made('button', {type: 'button', textContent: 'Save', title: 'This view as a PNG (S); with Shift, transparent where the scene ends', className: 'saves'})
    save.addEventListener('click', event => this.#scene && this.#savePicture(event.shiftKey), {signal: this.#ended.signal})
    const edits = made('button', {type: 'button', textContent: 'Things', title: 'Move, turn, copy or remove things', className: 'edits',
      hidden: true}, {'aria-expanded': 'false'})
    edits.addEventListener('click', () => this.#scene && this.#things.toggle(), {signal: this.#ended.signal})
    tools.append(this.#modes, measure, save, edits, path)
    if (document.fullscreenEnabled) tools.append(this.#fullScreenButton())
    return tools
  }

  #choice(name, title, act) {
    const button = made('button', {type: 'button', title, className: name})
    button.addEventListener('click', () => { this.#stopSway(); this.#place(act) }, {signal: this.#ended.signal})
    return button
  }

  // Another place to stand; nothing where there is none.
  #place(choose) {
    if (!this.#scene) return
    this.#byHand()
    if (!choose(this.#orbit)) return
    this.#tellPlace()
    this.#redraw()
  }

  #tellPlace() {
    const {isOutside, up} = this.#orbit
    if (!up) {
      delete this.canvas.dataset.outside
      delete this.canvas.dataset.up
      return
    }
    Object.assign(this.canvas.dataset, {outside: isOutside ? 'yes' : 'no', up})
    const [cross, turn] = this.#choices.children
    cross.textContent = isOutside ? 'Go to the origin' : 'Go outside'
    turn.textContent = `Up: ${up.replace('-', '\u2212')}`
    turn.hidden = !isOutside
  }

  #move(how) {
    if (!this.#scene) return
    this.#byHand()
    how()
    this.#redraw()
  }

  #hold(held) {
    this.#held = held
    if (!held) this.#sharpenSoon()
  }

  #touched() {
    this.#stopSway()
    this.#tilt.settle()
    this.#say('')
  }

  #say(words) {
    Object.assign(this.#note, {textContent: words, hidden: !words})
  }

  #stopSway() {
    this.#orbit.stopSway()
    this.canvas.dataset.sway = 'off'
  }

  // The time asleep was no slow picture.
  #wake() {
    this.#moving = false
    this.#redraw()
  }

  #lose(event) {
    event.preventDefault()                          // else it never comes back
    this.#lost = true
    this.#headset.lose()
  }

  #restore() {
    this.#lost = false
    this.#sortedFor = ''
    this.#renderer = new Renderer(this.#gl)
    this.#renderer.mode = Math.max(0, MODES.indexOf(this.#modes.value))
    if (this.#scene?.parts.length) this.#beginDrawing()
    for (const part of this.#scene?.parts ?? []) this.#renderer.upload(part)
    this.#wake()
  }

  #fullScreenButton() {
    const button = made('button', {type: 'button', title: 'Full screen', className: 'full'}, {'aria-label': 'Full screen'})
    button.addEventListener('click', () => this.#toggleFullScreen(), {signal: this.#ended.signal})
    return button
  }

  #toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen()
    else this.#root.requestFullscreen?.()
  }
}

// The photo's lens with another focal length, a share of the height.
function focused(header, focal) {
  const [[fx, , cx], [, fy, cy]] = header.K, by = focal * header.height / fy
  return {...header, K: [[by * fx, 0, cx], [0, by * fy, cy], [0, 0, 1]]}
}

function made(name, properties, attributes = {}) {
  const element = Object.assign(document.createElement(name), properties)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
