// Where the camera is: turned about a point ahead of the photo's camera, within the file's limits.

const EASE_MS = 80          // time constant of the camera
const NEGLIGIBLE_DEG = 0.03 // what is left of a way is jumped
const SWAY_DEG = 3
const SWAY_PERIOD_MS = 14000
const LEAST_TURN_DEG = 20   // for a drag across the whole canvas, however narrow the limits

class Orbit {
  constructor(swaying) {
    this.swaying = swaying
    this.yaw = this.pitch = 0          // degrees, where the camera is; positive looks right, up
    this.zoom = 1                      // distance from the pivot, as a share of the photo's
    this.target = {yaw: 0, pitch: 0, zoom: 1}
    this.phase = 0                     // of the sway, milliseconds
  }

  use({w2c, pivot_m, limits}, keep) {
    Object.assign(this, {w2c, pivot: pivot_m, limits})
    if (!keep) Object.assign(this, this.target = {yaw: 0, pitch: 0, zoom: 1})
    this.target = this.within(this.target)
    Object.assign(this, this.within(this))
  }

  // By shares of the canvas: all of it leads from one limit to the other.
  turn(right, up) {
    const {yaw_left_deg, yaw_right_deg, pitch_up_deg, pitch_down_deg} = this.limits
    const yaw = this.target.yaw + right * Math.max(LEAST_TURN_DEG, yaw_left_deg + yaw_right_deg)
    const pitch = this.target.pitch + up * Math.max(LEAST_TURN_DEG, pitch_up_deg + pitch_down_deg)
    this.target = this.within({...this.target, yaw, pitch})
  }

  zoomBy(factor) {
    this.target = this.within({...this.target, zoom: this.target.zoom * factor})
  }

  reset() {
    this.target = {yaw: 0, pitch: 0, zoom: 1}
  }

  stopSway() {
    if (this.swaying) this.target = {yaw: this.yaw, pitch: this.pitch, zoom: this.zoom}
    this.swaying = false
  }

  // The nearest allowed pose: what is used up in one direction is not there in another, on an ellipsoid.
  within({yaw, pitch, zoom}) {
    const {yaw_left_deg: left, yaw_right_deg: right, pitch_up_deg: up, pitch_down_deg: down, nearest, farthest} = this.limits
    zoom = clamp(zoom, nearest, farthest)
    const out = zoom > 1 ? (zoom - 1) / (farthest - 1) : 0
    const reach = Math.sqrt(Math.max(0, 1 - out * out))
    const x = shareOf(yaw, left, right), y = shareOf(pitch, down, up)
    const shrink = Math.min(1, reach / Math.max(Math.hypot(x, y), 1e-9))
    return {yaw: x * shrink * (x < 0 ? left : right), pitch: y * shrink * (y < 0 ? down : up), zoom}
  }

  // Moves on; true while there is a way to go.
  advance(elapsed) {
    if (this.swaying) this.sway(elapsed)
    const pull = 1 - Math.exp(-elapsed / EASE_MS)
    let rest = 0
    for (const name of ['yaw', 'pitch', 'zoom']) {
      const gap = this.target[name] - this[name]
      rest = Math.max(rest, Math.abs(gap) * (name === 'zoom' ? 100 : 1))
      this[name] += gap * pull
    }
    if (rest > NEGLIGIBLE_DEG) return true
    const arrived = rest > 0
    Object.assign(this, this.target)
    return arrived || this.swaying
  }

  sway(elapsed) {
    this.phase += Math.min(elapsed, 100)            // a pause does not make it jump
    const {yaw_left_deg: left, yaw_right_deg: right, pitch_up_deg: up, pitch_down_deg: down} = this.limits
    const angle = 2 * Math.PI * this.phase / SWAY_PERIOD_MS
    const yaw = Math.min(SWAY_DEG, 0.6 * left, 0.6 * right), pitch = Math.min(SWAY_DEG / 3, 0.6 * up, 0.6 * down)
    this.target = this.within({yaw: yaw * Math.sin(angle), pitch: pitch * Math.sin(2 * angle), zoom: this.target.zoom})
  }

  // World to camera, three rows: the photo's camera, turned about the pivot ahead of it.
  view() {
    const a = this.yaw * Math.PI / 180, b = this.pitch * Math.PI / 180
    const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)]
    const R = [[ca, 0, -sa], [sa * sb, cb, ca * sb], [sa * cb, -sb, ca * cb]]   // transposed about_y @ about_x
    const d = this.pivot, w2c = this.w2c
    return R.map((row, i) => {
      const turned = [0, 1, 2, 3].map(k => row[0] * w2c[0][k] + row[1] * w2c[1][k] + row[2] * w2c[2][k])
      turned[3] += (i === 2 ? d * this.zoom : 0) - row[2] * d
      return turned
    })
  }
}

function clamp(x, low, high) {
  return Math.min(high, Math.max(low, x))
}

function shareOf(angle, negative, positive) {
  const limit = angle < 0 ? negative : positive
  return limit > 0 ? clamp(angle / limit, -1, 1) : 0
}
