// What a click hits: how far away it is, and from one hit to the next. Marks stay where they are in the scene.
//
// stage: {hit(x, y), project(point)}: pixels of the canvas's box to {point, distance} or null, and back to [x, y] or null

const CLICK_PX = 5
const NOTHING = 'There is nothing there.'

class Measure {
  active = false
  #stage; #hits = []; #told; #lines

  constructor(stage) {
    this.#stage = stage
    this.element = made('div', {className: 'measure', hidden: true})
    this.#told = made('p', {}, {role: 'status'})
    this.#lines = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    this.#lines.ariaHidden = 'true'
    this.element.append(this.#lines, this.#told)
  }

  toggle(active = !this.active) {
    this.active = active
    this.element.hidden = !active
    this.#hits = []
    this.#told.textContent = 'Click what you want to measure, or press Enter for the middle.'
    this.update()
  }

  at(x, y) {
    if (!this.active) return
    const hit = this.#stage.hit(x, y)
    if (this.#hits.length === 2) this.#hits = []
    if (hit) this.#hits.push(hit)
    this.#told.textContent = hit ? this.#words() : NOTHING
    this.update()
  }

  #words() {
    const [a, b] = this.#hits
    const away = `${metres(this.#hits.at(-1).distance)} away`
    return b ? `${metres(Math.hypot(...a.point.map((x, k) => x - b.point[k])))} apart, the second ${away}` : away
  }

  // After each picture.
  update() {
    if (!this.active) return
    const seen = this.#hits.map(({point}) => this.#stage.project(point))
    const marks = seen.filter(Boolean).map(([cx, cy]) => shape('circle', {cx, cy, r: 5}))
    if (seen.length === 2 && seen.every(Boolean)) {
      const [[x1, y1], [x2, y2]] = seen
      marks.unshift(shape('line', {x1, y1, x2, y2}))
    }
    this.#lines.replaceChildren(...marks)
  }
}

function metres(length) {
  return `${length < 1000 ? length.toPrecision(3) : length.toFixed(0)} m`
}

function shape(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
