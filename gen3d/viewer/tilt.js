// Looking around by tilting a phone: a little about where the visitor looks, never beyond the limits. Off until the button
// is tapped, since some browsers ask for permission, and only on a tap.
//
// stage: {seat(), lean(seat, right_deg, up_deg), tell(words)}; a seat is a pose of the orbit

const LEAN_DEG = 10         // the farthest to each side
const TILTED_DEG = 25       // leads there; of a phone that is held still farther, this becomes the side's end
const JITTER_DEG = 0.15     // of a phone in a hand that holds still
const FIRST_TILT_MS = 1500  // until then a device that tells how it is held has told it
const NO_TILT = 'This device does not tell how it is held. Drag to look around.'
const TILT_REFUSED = 'The browser does not let this page know how the phone is held. ' +
  'Allow motion sensors for this site, or drag to look around.'

class Tilt {
  #stage; #listening = null; #heard; #first; #last; #rest

  constructor(stage, signal) {
    this.#stage = stage
    const hidden = !('DeviceOrientationEvent' in window && matchMedia('(pointer: coarse)').matches)
    const title = 'Look around by tilting the phone'
    this.button = made('button', {type: 'button', textContent: 'Tilt', title, hidden}, {'aria-pressed': 'false'})
    this.button.addEventListener('click', () => (this.#listening ? this.stop() : this.#start()), {signal})
    signal.addEventListener('abort', () => this.stop())
  }

  async #start() {
    const asked = await DeviceOrientationEvent.requestPermission?.().catch(() => 'denied')
    if (asked === 'denied') return this.#stage.tell(TILT_REFUSED)
    this.#listening = new AbortController()
    const {signal} = this.#listening
    this.button.ariaPressed = 'true'
    this.#heard = false
    this.settle()
    addEventListener('deviceorientation', event => this.#tilted(event), {signal})
    screen.orientation?.addEventListener('change', () => this.settle(), {signal})
    setTimeout(() => {
      if (signal.aborted || this.#heard) return
      this.stop()
      this.#stage.tell(NO_TILT)
    }, FIRST_TILT_MS)
  }

  stop() {
    this.#listening?.abort()
    this.#listening = null
    this.button.ariaPressed = 'false'
  }

  // From now on, how it is held is straight ahead.
  settle() {
    this.#first = null
  }

  #tilted({alpha, beta, gamma}) {
    if (alpha === null || beta === null || gamma === null) return
    this.#heard = true
    const turn = heldTurn(alpha, beta, gamma)
    if (!this.#first) {
      this.#first = {turn, seat: this.#stage.seat()}
      this.#last = this.#rest = [0, 0]
    }
    const way = tiltBetween(this.#first.turn, turn, screen.orientation?.angle ?? 0)
    this.#rest = this.#rest.map((rest, k) => clamp(rest, way[k] - TILTED_DEG, way[k] + TILTED_DEG))
    const lean = way.map((angle, k) => (angle - this.#rest[k]) * LEAN_DEG / TILTED_DEG)
    if (Math.max(...lean.map((angle, k) => Math.abs(angle - this.#last[k]))) < JITTER_DEG) return
    this.#last = lean
    this.#stage.lean(this.#first.seat, ...lean)
  }
}

// The device's axes (right, to its top, out of the screen) in the world's, in columns, as the event's angles tell them.
function heldTurn(alpha, beta, gamma) {
  const [a, b, c] = [alpha, beta, gamma].map(angle => angle * Math.PI / 180)
  const [ca, sa, cb, sb, cc, sc] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), Math.cos(c), Math.sin(c)]
  return [
    [ca * cc - sa * sb * sc, -sa * cb, ca * sc + sa * sb * cc],
    [sa * cc + ca * sb * sc, ca * cb, sa * sc - ca * sb * cc],
    [-cb * sc, sb, cb * cc],
  ]
}

// Where its back points now, as seen from how it was held before: degrees to the right and up on the screen, which is
// itself turned on the device by an angle.
function tiltBetween(before, now, screen_deg) {
  const [x, y, z] = [0, 1, 2].map(k => -[0, 1, 2].reduce((sum, i) => sum + before[i][k] * now[i][2], 0))
  const s = screen_deg * Math.PI / 180, right = Math.cos(s) * x - Math.sin(s) * y, up = Math.sin(s) * x + Math.cos(s) * y
  return [Math.atan2(right, -z), Math.asin(clamp(up, -1, 1))].map(angle => angle * 180 / Math.PI)
}
