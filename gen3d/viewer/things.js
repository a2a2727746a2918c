// The things of a scene in a list and in the picture: a click chooses one, a drag moves it on the ground, sliders and keys
// turn and scale it. What was built stays; edits.js says what a list of edits makes of it.
//
// stage: {header(), slotAt(x, y), project(point), ray(x, y), pixel(x, y), camera(), place(), begin(), unfolded(open), apply,
// bring, part, read, add, whole}: what the viewer does for it; pixels are of the canvas's box, but pixel(x, y) gives the
// photo's. apply(text, say) is there only where somebody takes edits, bring({words, file}, say, take) where somebody makes
// what is to be brought in, part(how, text, say) where somebody takes things apart and joins them.

const NUDGE = 0.02          // of the pivot's distance, by an arrow key
const STEP_DEG = 5, STEP_SCALE = 1.05
const SOON_MS = 1000        // two steps of a kind within this are one edit
const FARTHEST_DRAG = 20    // of the pivot's distance: beyond, the ground is seen too flat to say where
const LEAST_SLANT = 0.02
const BESIDE = 1.15         // of its width, from a thing to a copy of it
const SHADOW = 'shadow'    // what a contact shadow is built of, and how the names of their slots begin
const NO_COLOUR = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
const BROUGHT_KINDS = '.glb,.ply,.splat,.spz,.sog,.ksplat,.png,.webp'
const HOW_TO_EDIT = 'Click a thing, or choose one in the list.'
const CORNER_PX = 3         // between two corners of what is drawn around a part
const HOW_TO_DRAW = 'Draw around a part of it with the mouse or a finger; Escape leaves it whole.'
const CHOSEN_WORDS = 'drag it or use the arrow keys to move it, comma and dot to turn it, Delete to remove it, Escape to let go.'

class Things {
  revision = 0                      // one more whenever the order is another: a colour or a name is none
  numbers = []                      // of those that have a slot, from slot 1 on; then files that were brought in
  extras = []                       // what was added to the scene's own file: {id, slot, header, records}
  #stage; #signal; #parts = {}; #told = null; #done = []; #undone = []; #there = new Map(); #slots = new Map()
  #chosen = null; #pending = null; #carried = null; #last = 0
  #seen = ''                        // what was placed, as text
  #heard = 0                        // changes of things that the file has heard of
  #acts = []                        // of each that can be undone: how many edits there were
  #asked = 0                        // the same of the one that was asked for
  #drawn = null                     // around a part: corners in the canvas's box; null while nobody is to draw

  constructor(stage, signal) {
    this.#stage = stage
    this.#signal = signal
    this.outline = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    this.outline.classList.add('outline')
    this.outline.ariaHidden = 'true'
    this.element = this.#build()
  }

  // -- what is there

  get some() { return this.numbers.length > 0 }

  // Of another scene; keeps: it is another state of the same, and if it still has all things, they stay edited.
  begin({told, heard = 0}, keeps) {
    const numbers = (told?.things ?? []).slice(0, SLOTS - 1).map(({id}) => id)
    const stays = keeps && this.#fits(told)
    this.#hear(heard, stays)
    if (stays) {
      this.extras = this.extras.map((extra, i) => ({...extra, slot: numbers.length + i + 1}))
      this.numbers = [...numbers, ...this.extras.map(({id}) => id)]
    } else {
      Object.assign(this, {numbers, extras: []})
      this.#done = []
      this.#undone = []
      this.#chosen = this.#pending = null
      this.#say(HOW_TO_EDIT)
    }
    const brought = stays ? this.#told?.brought ?? [] : []
    this.#told = told && {...told, things: told.things.slice(0, SLOTS - 1), brought}
    if (!this.some) this.toggle(false)
    this.#changed()
  }

  // Whether the edits can be made of these things.
  #fits(told) {
    try {
      return Boolean(told && instancesOf([...this.#done, ...this.#undone], {...told, brought: this.#told?.brought}))
    } catch {
      return false
    }
  }

  // Of another state of the same scene, things were taken apart or joined since, or that was undone.
  #hear(heard, stays) {
    if (!stays) this.#acts = []
    else if (heard > this.#heard) this.#acts.push(this.#asked)
    else if (heard < this.#heard) this.#acts.pop()
    this.#heard = heard
  }

  toggle(open = this.element.hidden) {
    this.element.hidden = !open
    this.#stage.unfolded(open)
    if (!open) this.#chosen = this.#drawn = null
    else this.#stage.begin()
    this.#changed()
  }

  // What is seen, for the order; null while all is as it was built and nobody is to choose.
  placed() {
    if (!this.some || (this.element.hidden && !this.#edits.length)) return null
    const seen = [...this.#there].filter(([, thing]) => !thing.hidden).map(([n, {of, matrix}]) => (
      {built: this.#slots.get(of), slot: this.#slots.get(n), matrix}))
    const built = this.#slots.get(SHADOW)
    const discs = this.#discs().filter(([n]) => this.#slots.has(SHADOW + n))
    return [...seen, ...discs.map(([n, matrix]) => ({built, slot: this.#slots.get(SHADOW + n), matrix}))].filter(one => one.built && one.slot)
  }

  // [number, where its contact shadow lies] of every thing that casts one.
  #discs() {
    const casting = [...this.#there].filter(([, thing]) => !thing.hidden && thing.shadow !== null)
    return casting.map(([n, thing]) => [n, discUnder(thing, this.#toldOf(thing.of).footprint ?? [], this.#told.up)]).filter(([, disc]) => disc)
  }

  #toldOf(id) {
    return [...this.#told.things, ...this.#told.brought].find(one => one.id === id)
  }

  // Of every slot, as the renderer takes them.
  lines() {
    const values = new Float32Array(4 * LINES * SLOTS)
    for (let slot = 0; slot < SLOTS; slot++) values.set([...AS_BUILT, ...COLOURS.map(row => [...row, 0])].flat(), 4 * LINES * slot)
    for (const [n, {of, matrix, colour}] of this.#there) {
      values.set([...matrix, ...this.#inRange(of, colour)].flat(), 4 * LINES * this.#slots.get(n))
    }
    for (const [n, disc] of this.#discs()) {
      if (this.#slots.has(SHADOW + n)) values.set([...disc, ...NO_COLOUR].flat(), 4 * LINES * this.#slots.get(SHADOW + n))
    }
    return values
  }

  // What was brought in has its colours in a range of its own; the shader takes the scene's for all.
  #inRange(of, colour) {
    const own = this.extras.find(({id}) => id === of)?.header.ranges.rgb, [low, high] = this.#stage.header().ranges.rgb
    const by = own ? (own[1] - own[0]) / (high - low) : 1, offset = own ? own[0] - by * low : 0
    return colour.map(row => [...row.map(x => by * x), offset * (row[0] + row[1] + row[2])])
  }

  // Of what is chosen; 0: nothing is.
  get slot() { return this.#slots.get(this.#chosen) ?? 0 }

  // Whether a hand is at it.
  get trying() { return this.#pending !== null }

  get #edits() { return this.#pending ? [...this.#done, this.#pending] : this.#done }

  // -- changes

  // For good; one after another of the same kind soon after is one.
  #do(edit, joins = false) {
    this.#pending = null
    const soon = joins && performance.now() - this.#last < SOON_MS
    const both = soon ? joinedEdits(this.#done.at(-1), edit) : null
    this.#last = performance.now()
    this.#done = both ? [...this.#done.slice(0, -1), both] : [...this.#done, edit]
    this.#undone = []
    this.#changed()
  }

  // As long as a hand is on it.
  #try(edit) {
    this.#pending = edit
    this.#changed(false)
  }

  undo() {
    if (this.#acts.length && this.#done.length <= this.#acts.at(-1)) {
      this.#undone = []
      return this.#part({undo: 1}, 'It is being undone.')
    }
    if (!this.#done.length) return
    this.#undone = [this.#done.at(-1), ...this.#undone]
    this.#done = this.#done.slice(0, -1)
    this.#changed()
  }

  redo() {
    if (!this.#undone.length) return
    this.#done = [...this.#done, this.#undone[0]]
    this.#undone = this.#undone.slice(1)
    this.#changed()
  }

  #choose(number) {
    this.#chosen = number
    this.#drawn = null
    this.#say(number === null ? HOW_TO_EDIT : `${this.#there.get(number).name}: ${CHOSEN_WORDS}`)
    this.#changed()
  }

  #changed(anew = true) {
    this.#there = this.#told ? instancesOf(this.#edits, this.#told) : new Map()
    this.#slots = new Map(this.numbers.map((n, i) => [n, i + 1]))
    const discs = this.#told ? this.#discs() : []
    if (discs.length) this.#extra({id: SHADOW})
    let slot = this.numbers.length
    for (const n of [...this.#there.keys(), ...discs.map(([n]) => SHADOW + n)]) {
      if (!this.#slots.has(n) && slot < SLOTS - 1) this.#slots.set(n, ++slot)
    }
    if (this.#chosen !== null && !this.#there.has(this.#chosen)) {
      this.#chosen = null
      this.#say(HOW_TO_EDIT)
    }
    const seen = JSON.stringify(this.placed())
    if (seen !== this.#seen) this.revision++
    this.#seen = seen
    if (anew) this.#list()
    this.#show()
    this.#stage.place()
  }

  // Gaussians that the scene's own file does not have, in a slot of their own; once.
  #extra(extra) {
    if (this.numbers.includes(extra.id) || this.numbers.length >= SLOTS - 1) return
    this.numbers.push(extra.id)
    this.#slots.set(extra.id, this.numbers.length)
    const kept = {...extra, slot: this.numbers.length}
    this.extras.push(kept)
    if (this.#stage.whole()) this.#stage.add(kept)      // else it comes once all of the scene is there
  }

  // The Gaussians of an extra are there.
  arrived() {
    this.revision++
    this.#stage.place()
  }

  // Brings in what stands in a file of its own: the edit as it was made for this scene, and where the file is.
  async take(edit, source) {
    const {header, records} = await this.#stage.read(source)
    if (this.#slots.size + 3 >= SLOTS) return this.#say(`No more than ${SLOTS - 1} things are shown here.`)
    const told = {...header.told.things[0], id: edit.file}
    if (!this.#told.brought.some(({id}) => id === edit.file)) this.#told = {...this.#told, brought: [...this.#told.brought, told]}
    this.#extra({id: edit.file, header, records})
    this.#do(edit)
    this.#choose([...this.#there.keys()].at(-1))
  }

  #bring(what) {
    this.#say('It is being brought in.')
    this.#stage.bring(what, words => this.#say(words), (edit, source) => this.take(edit, source))
  }

  // Copies keep their numbers, whatever parts get.
  #part(how, words) {
    this.#say(words)
    this.#asked = this.#done.length
    const both = numberedEdits([...this.#done, ...this.#undone], this.#told.things)
    this.#done = both.slice(0, this.#done.length)
    this.#undone = both.slice(this.#done.length)
    this.#stage.part(how, this.#text, words => this.#say(words))
  }

  #split() { this.#part({split: this.#chosen}, 'It is being taken apart.') }

  #toDraw() {
    this.#drawn = []
    this.#say(HOW_TO_DRAW)
  }

  #draw(x, y) {
    const [a, b] = this.#drawn.at(-1) ?? [-Infinity, 0]
    if (Math.hypot(x - a, y - b) >= CORNER_PX) this.#drawn.push([x, y])
    this.outline.replaceChildren(polygon('ring', this.#drawn))
  }

  // Closed where the hand is lifted.
  #splitOff() {
    const corners = this.#drawn.map(([x, y]) => this.#stage.pixel(x, y).map(v => Number(v.toFixed(2))))
    this.#drawn = null
    if (corners.length < 3) return this.#say(HOW_TO_EDIT)
    const outlines = {polygons: [corners], camera: this.#stage.camera()}
    this.#part({split: this.#chosen, outlines}, 'It is being taken apart.')
  }

  #join() { this.#part({merge: [this.#chosen, Number(this.#parts.other.value)]}, 'They are being joined.') }

  #copy() {
    if (this.#slots.size >= SLOTS - 1) return this.#say(`No more than ${SLOTS - 1} things are shown here.`)
    const {low, high} = this.#boxOf(this.#chosen), {matrix} = this.#there.get(this.#chosen), factor = Math.hypot(...matrix.map(row => row[0]))
    const inwards = this.#stage.project(this.#there.get(this.#chosen).foot)?.[0] > this.outline.clientWidth / 2 ? -1 : 1
    const width = inwards * BESIDE * factor * Math.max(high[0] - low[0], high[2] - low[2]), [right] = this.#across()
    this.#do({op: 'duplicate', thing: this.#chosen, by: rounded(right.map(x => width * x))})
    this.#choose([...this.#there.keys()].at(-1))
  }

  #toGround() {
    this.#do({op: 'drop', thing: this.#chosen})
  }

  #boxOf(number) {
    return this.#toldOf(this.#there.get(number).of).box
  }

  // -- in the picture

  at(x, y) {
    if (this.element.hidden || this.#drawn) return
    const slot = this.#stage.slotAt(x, y), [number] = [...this.#slots].find(([, other]) => other === slot) ?? []
    this.#choose(Number.isInteger(number) ? number : null)
  }

  // True where the chosen thing is, which then is carried.
  grab(x, y) {
    if (this.#drawn) {
      this.#drawn = [[x, y]]
      return true
    }
    if (this.element.hidden || this.#chosen === null || !within(this.#hull(), [x, y])) return false
    const {foot} = this.#there.get(this.#chosen), start = this.#stage.project(foot)
    this.#carried = start && {foot, from: [x, y], start}
    return Boolean(start)
  }

  // Its foot goes along with the hand, on the level that it stands on.
  carry(x, y) {
    if (this.#drawn) return this.#draw(x, y)
    const {foot, from, start} = this.#carried, {place, way} = this.#stage.ray(start[0] + x - from[0], start[1] + y - from[1])
    const {up} = this.#told, slant = dot(way, up) / Math.hypot(...way)
    const far = dot(foot.map((p, k) => p - place[k]), up) / dot(way, up)
    if (Math.abs(slant) < LEAST_SLANT || !(far > 0) || far > FARTHEST_DRAG * this.#stage.header().pivot_m) return
    this.#try({op: 'move', thing: this.#chosen, by: rounded(place.map((p, k) => p + far * way[k] - foot[k]))})
  }

  // Always false: nothing is carried after that.
  drop(whether) {
    if (this.#drawn) {
      if (whether) this.#splitOff()
      return false
    }
    const edit = this.#pending
    this.#pending = this.#carried = null
    if (whether && edit) this.#do(edit)
    else this.#changed()
    return false
  }

  // Right and ahead on the ground, as the camera sees them.
  #across() {
    const {up} = this.#told, [a, b] = [this.#stage.ray(0, 0).way, this.#stage.ray(1, 0).way]
    const flat = v => v.map((x, k) => x - dot(v, up) * up[k] / dot(up, up)), unit = v => v.map(x => x / Math.hypot(...v))
    const right = unit(flat(b.map((x, k) => x - a[k])))
    return [right, unit([0, 1, 2].map(k => up[(k + 1) % 3] * right[(k + 2) % 3] - up[(k + 2) % 3] * right[(k + 1) % 3]))]
  }

  #corners() {
    const {low, high} = this.#boxOf(this.#chosen), {matrix} = this.#there.get(this.#chosen)
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map(c => low.map((x, k) => (c >> k & 1 ? high[k] : x)))
    return corners.map(corner => this.#stage.project(transformed(matrix, corner))).filter(Boolean)
  }

  #hull() { return hullOf(this.#corners()) }

  // After each picture.
  update() {
    if (this.#chosen === null || this.#there.get(this.#chosen)?.hidden) return this.outline.replaceChildren()
    const {of, matrix} = this.#there.get(this.#chosen), {footprint = []} = this.#toldOf(of)
    const ring = footprint.map(corner => this.#stage.project(transformed(matrix, corner))).filter(Boolean)
    if (!this.#drawn?.length) this.outline.replaceChildren(polygon('box', this.#hull()), polygon('ring', ring))
  }

  // -- keys

  listen(root, canvas) {
    root.addEventListener('keydown', event => {
      if (this.element.hidden || event.target.closest?.('.director')) return
      const act = this.#keyOf(event, event.target === canvas)
      if (!act) return
      event.preventDefault()
      event.stopPropagation()
      act()
    }, {signal: this.#signal, capture: true})
  }

  #keyOf({key, ctrlKey, metaKey, altKey, shiftKey, target}, onCanvas) {
    if (target.matches?.('input[type=text]')) return null
    if (ctrlKey || metaKey) return {z: () => this.undo(), Z: () => this.redo(), y: () => this.redo()}[key]
    if (altKey || this.#chosen === null) return null
    if (key === 'Escape') return () => this.#choose(null)
    if (key === 'Delete' || key === 'Backspace') return () => this.#remove()
    if (!onCanvas || shiftKey) return null
    const thing = this.#chosen, step = NUDGE * this.#stage.header().pivot_m
    const go = (right, ahead) => () => {
      const [r, a] = this.#across()
      this.#do({op: 'move', thing, by: rounded(r.map((x, k) => step * (right * x + ahead * a[k])))}, true)
    }
    const turn = deg => () => this.#do({op: 'turn', thing, deg}, true)
    return {
      ArrowLeft: go(-1, 0), ArrowRight: go(1, 0), ArrowUp: go(0, 1), ArrowDown: go(0, -1), ',': turn(-STEP_DEG), '.': turn(STEP_DEG),
    }[key]
  }

  #remove() {
    const {name} = this.#there.get(this.#chosen)
    this.#do({op: 'remove', thing: this.#chosen})
    this.#say(`${name} is removed. Ctrl-Z or Undo brings it back.`)
    this.#parts.undo.focus()
  }

  // -- files

  get #text() { return asEditsFile(this.#done, this.#undone) }

  async #load(file) {
    if (!file) return
    try {
      if (file.size > 4e6) throw new Error('more than 4 MB')
      this.load(await file.text())
      this.#say(`${file.name}: ${this.#done.length} edits.`)
    } catch (error) {
      this.#say(`${file.name} holds no edits of this scene: ${error.message}. Choose an edits.json that was saved for it.`)
    }
  }

  // Takes a file's text for the edits; throws where it is none, and nothing changes.
  load(text) {
    const {done, undone} = editsFrom(text, this.#told)
    const copies = [...done, ...undone].filter(({op}) => op === 'duplicate' || op === BRING).length
    if (this.numbers.length + copies >= SLOTS) throw new Error(`more than ${SLOTS - 1} things`)
    this.#done = done
    this.#undone = undone
    this.#acts = []
    this.#chosen = this.#pending = null
    this.#changed()
  }

  #say(words) {
    this.#parts.told.textContent = words
  }

  // -- what is seen

  #build() {
    const parts = this.#parts, on = {signal: this.#signal}, row = (...children) => {
      const element = made('div', {className: 'row'})
      element.append(...children)
      return element
    }
    const button = (name, textContent, act, title = '') => {
      parts[name] = made('button', {type: 'button', textContent, title})
      parts[name].addEventListener('click', act, on)
      return parts[name]
    }
    parts.told = made('p', {className: 'told', textContent: HOW_TO_EDIT}, {role: 'status'})
    parts.list = made('ul', {className: 'list'}, {'aria-label': 'Things of this scene'})
    parts.file = made('input', {type: 'file', accept: '.json,application/json', hidden: true})
    parts.file.addEventListener('change', () => { this.#load(parts.file.files[0]); parts.file.value = '' }, on)
    parts.one = row(
      this.#field('name', 'Name', {type: 'text', maxLength: LONGEST_NAME}),
      this.#field('turn', 'Turn', {type: 'range', min: -180, max: 180, step: 1}),
      this.#field('size', 'Size', {type: 'range', min: -2, max: 2, step: 0.01}),
      this.#field('tint', 'Tint', {type: 'color', value: '#ffffff'}),
      button('copy', 'Copy', () => this.#copy()),
      button('ground', 'To the ground', () => this.#toGround()),
      button('remove', 'Remove', () => this.#remove(), 'Delete'),
    )
    if (this.#stage.part) {
      parts.other = made('select', {}, {'aria-label': 'The thing to join with'})
      parts.joins = row(button('join', 'Join with', () => this.#join(), 'Both become one thing'), parts.other)
      parts.one.append(button('split', 'Take apart', () => this.#split(), 'Its parts become things'),
        button('around', 'Draw around a part', () => this.#toDraw(), 'It becomes a thing of its own'), parts.joins)
    }
    parts.name.addEventListener('change', () => this.#rename(parts.name.value), on)
    this.#slide(parts.turn, value => ({op: 'turn', deg: value - turnedOf(this.#before())}))
    this.#slide(parts.size, value => ({op: 'scale', by: Number((2 ** value / this.#before().factor).toFixed(6))}))
    parts.tint.addEventListener('input', () => this.#try({op: 'tint', thing: this.#chosen, rgb: colourFrom(parts.tint.value).map(round)}), on)
    parts.tint.addEventListener('change', () => this.#settle(), on)
    const element = made('div', {className: 'things', hidden: true}, {role: 'group', 'aria-label': 'Things'})
    element.append(parts.told, parts.list, parts.one)
    const all = row(
      button('undo', 'Undo', () => this.undo(), 'Ctrl-Z'), button('redo', 'Redo', () => this.redo(), 'Ctrl-Shift-Z'),
      button('save', 'Save edits', () => saveFile('edits.json', new Blob([this.#text], {type: 'application/json'}))),
      button('open', 'Load edits', () => parts.file.click()), parts.file,
    )
    if (this.#stage.bring) element.append(this.#bringing(row, button))
    if (this.#stage.apply) all.append(button('apply', 'Use in files and videos', () => this.#apply()))
    element.append(all)
    return element
  }

  // By words, or a file: splats, a mesh, a cut-out picture.
  #bringing(row, button) {
    const parts = this.#parts, on = {signal: this.#signal}
    parts.brought = made('input', {type: 'file', accept: BROUGHT_KINDS, hidden: true})
    parts.brought.addEventListener('change', () => {
      if (parts.brought.files[0]) this.#bring({words: '', file: parts.brought.files[0]})
      parts.brought.value = ''
    }, on)
    const words = this.#field('words', 'Bring in', {type: 'text', maxLength: 300, placeholder: 'a red ball'})
    const make = () => parts.words.value.trim() && this.#bring({words: parts.words.value.trim(), file: null})
    parts.words.addEventListener('keydown', event => event.key === 'Enter' && make(), on)
    return row(words, button('make', 'Make it', make), button('bring', 'Bring in a file', () => parts.brought.click(),
      'Splats, a .glb, or a picture that is cut out'), parts.brought)
  }

  #apply() {
    this.#say('Sent: it is told here when files and videos heed it.')
    this.#stage.apply(this.#text, words => this.#say(words))
  }

  #field(name, label, properties) {
    const around = made('label', {textContent: label})
    this.#parts[name] = made('input', properties)
    around.append(this.#parts[name])
    return around
  }

  // The chosen thing without what a hand is at.
  #before() {
    return instancesOf(this.#done, this.#told).get(this.#chosen)
  }

  #slide(input, edit) {
    const on = {signal: this.#signal}
    input.addEventListener('input', () => this.#try({thing: this.#chosen, ...edit(Number(input.value))}), on)
    input.addEventListener('change', () => this.#settle(), on)
  }

  #settle() {
    if (this.#pending) this.#do(this.#pending, true)
  }

  #rename(given) {
    const name = given.trim()
    if (isName(name) && name !== this.#there.get(this.#chosen).name) this.#do({op: 'rename', thing: this.#chosen, name})
    else this.#show()
  }

  // The keyboard stays where it is in the list.
  #list() {
    const {list} = this.#parts, root = list.getRootNode(), at = [...list.querySelectorAll('button')].indexOf(root.activeElement)
    list.replaceChildren(...[...this.#there].map(([number, thing]) => this.#item(number, thing)))
    if (at >= 0) list.querySelectorAll('button')[at]?.focus()
    const item = list.querySelector('[aria-pressed=true]')?.parentNode, top = item?.offsetTop - list.offsetTop
    if (item) list.scrollTop = clamp(list.scrollTop, top + item.offsetHeight - list.clientHeight, top)
  }

  #item(number, {name, hidden}) {
    const item = made('li'), on = {signal: this.#signal}
    const eye = made('button', {type: 'button', textContent: hidden ? 'Show' : 'Hide'}, {'aria-label': `${hidden ? 'Show' : 'Hide'} ${name}`})
    eye.addEventListener('click', () => this.#do({op: hidden ? 'show' : 'hide', thing: number}), on)
    const pick = made('button', {type: 'button', textContent: name, className: 'pick'}, {'aria-pressed': String(number === this.#chosen)})
    pick.addEventListener('click', () => this.#choose(number === this.#chosen ? null : number), on)
    item.append(eye, pick)
    return item
  }

  // Of what was built: copies, and what was brought in, are no parts of it.
  #offerParts() {
    const {split, joins, other} = this.#parts, built = this.#told.things.map(({id}) => id), {value} = other
    const others = [...this.#there].filter(([n]) => n !== this.#chosen && built.includes(n))
    split.hidden = this.#parts.around.hidden = !built.includes(this.#chosen)
    joins.hidden = split.hidden || !others.length
    other.replaceChildren(...others.map(([n, {name}]) => made('option', {value: String(n), textContent: name})))
    if (others.some(([n]) => String(n) === value)) other.value = value
  }

  #show() {
    const parts = this.#parts, thing = this.#there.get(this.#chosen)
    parts.undo.disabled = !this.#done.length && !this.#acts.length
    parts.redo.disabled = !this.#undone.length
    parts.save.disabled = !this.#done.length && !this.#undone.length
    parts.one.hidden = !thing
    parts.ground.hidden = !this.#told?.ground
    if (!thing) return
    if (parts.split) this.#offerParts()
    Object.assign(parts.turn, {value: turnedOf(thing), ariaValueText: `${Math.round(turnedOf(thing))} degrees`})
    Object.assign(parts.size, {value: Math.log2(thing.factor), ariaValueText: `${thing.factor.toFixed(2)} times`})
    parts.name.value = thing.name
  }
}

function polygon(name, points) {
  return shape('polygon', {class: name, points: points.map(p => p.map(x => x.toFixed(1)).join()).join(' ')})
}

// Within half a turn.
function turnedOf({deg}) {
  return deg - 360 * Math.round(deg / 360)
}

function round(x) {
  return Number(x.toFixed(4))
}

function rounded(vector) {
  return vector.map(round)
}

// The convex outline of points, in order.
function hullOf(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const half = some => some.reduce((hull, p) => {
    while (hull.length > 1 && sideOf(hull.at(-2), hull.at(-1), p) <= 0) hull.pop()
    return [...hull, p]
  }, []).slice(0, -1)
  return [...half(sorted), ...half(sorted.reverse())]
}

function sideOf(a, b, p) {
  return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
}

function within(hull, point) {
  return hull.length > 2 && hull.every((a, i) => sideOf(a, hull[(i + 1) % hull.length], point) >= 0)
}
