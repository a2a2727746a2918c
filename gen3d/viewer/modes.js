// What is shown of the scene, as one may choose it, and what its colours mean.

const SHOWN = {
  picture: 'Picture', depth: 'Depth', normals: 'Normals', layers: 'Layers', 'made-up': 'Seen or made up', alpha: 'Alpha',
  points: 'Points', photo: 'Photo and scene',
}
const MEANING = {
  layers: [['#ffd94d', 'in front'], ['#d9d9d9', 'rest of the photo'], ['#ff6633', 'made up behind'], ['#408cff', 'made up outside']],
  'made-up': [['#ff6633', 'made up behind what the photo shows'], ['#408cff', 'made up outside the photo']],
  depth: [['#ffffff', 'near'], ['#333333', 'far']],
}
const OF_KINDS = ['layers', 'made-up']

// The words for a scene of this header: some modes need what only our own scenes know.
function modesOf({kinds, photo}) {
  const has = name => (OF_KINDS.includes(name) ? kinds : name === 'photo' ? photo : true)
  return Object.entries(SHOWN).filter(([name]) => has(name))
}

function legend(mode) {
  const list = made('ul', {className: 'legend', hidden: !MEANING[mode]})
  for (const [colour, words] of MEANING[mode] ?? []) {
    const item = made('li', {textContent: words})
    item.style.setProperty('--colour', colour)
    list.append(item)
  }
  return list
}

// The photo laid over the scene from the left up to a slider, at the photo's own camera.
class Comparison {
  #canvas = made('canvas', {}, {'aria-hidden': 'true'})
  #slider = made('input', {type: 'range', min: 0, max: 100, value: 50, step: 'any'}, {'aria-label': 'Photo on the left of here, scene on the right'})

  constructor(signal) {
    this.element = made('div', {className: 'comparison', hidden: true})
    this.element.append(this.#slider)
    this.#slider.addEventListener('input', () => this.#cut(), {signal})
  }

  async show(photo) {
    const bytes = Uint8Array.from(atob(photo), letter => letter.charCodeAt(0))
    const picture = await createImageBitmap(new Blob([bytes], {type: 'image/jpeg'}))
    Object.assign(this.#canvas, {width: picture.width, height: picture.height})
    this.#canvas.getContext('2d').drawImage(picture, 0, 0)
    this.#cut()
    this.element.prepend(this.#canvas)
    this.element.hidden = false
  }

  hide() {
    this.element.hidden = true
    this.#canvas.remove()
  }

  #cut() {
    this.#canvas.style.clipPath = `inset(0 ${100 - this.#slider.value}% 0 0)`
    this.element.style.setProperty('--cut', `${this.#slider.value}%`)
  }
}
