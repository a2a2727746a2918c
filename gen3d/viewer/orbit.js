// Where the camera is: turned about a point ahead of it. There are two places to stand.
//
//   the photo's     as the file's header says, within its limits: beyond, the scene ends
//   outside         only where the header has {outside: {middle, distance_m, up, starts}}: a level camera that goes all
//                   around the middle of somebody else's scene, up and down, in and out and aside, without limits that
//                   matter; which axis is up can be chosen, since no file says so

const EASE_MS = 80          // time constant of the camera
const NEGLIGIBLE_DEG = 0.03 // what is left of a way is jumped
const SWAY_DEG = 3
const SWAY_PERIOD_MS = 14000
const LEAST_TURN_DEG = 20   // for a drag across the whole canvas, however narrow the limits
const OUTSIDE = {yaw: 0, pitch: -15, zoom: 1, x: 0, y: 0, z: 0}
const STEEPEST_DEG = 89
const ZOOMS = [0.01, 30]    // outside; shares of the distance that shows it all
const UPS = ['-y', '+z', '+y', '-z', '+x', '-x']   // in the order in which they are offered, the usual ones first
const ASIDE = 0.05, LEAST_DEG = 0.25, LEAST_ZOOM = 0.01    // off by no more, a view counts as one within the limits
const WAYS = ['yaw', 'pitch', 'zoom', 'x', 'y', 'z']

class Orbit {
  constructor(swaying) {
    this.swaying = swaying
    this.isOutside = false
    this.up = null                     // one of UPS where one may stand outside
    this.yaw = this.pitch = 0          // degrees, where the camera is; positive looks right, up
    this.zoom = 1                      // distance from the pivot, as a share of the first one
    this.x = this.y = this.z = 0       // how far the pivot was moved, in the world
    this.target = this.start()
    this.phase = 0                     // of the sway, milliseconds
  }

  use(header, keep) {
    const {w2c, pivot_m, limits, outside = null, K, width} = header
    this.photo = {w2c, pivot: pivot_m, limits}
    this.across = K ? width / K[0][0] : 1   // of the frame, at distance 1
    if (!keep || !this.around !== !outside) {
      this.isOutside = Boolean(outside?.starts)
      this.up = outside?.up ?? null
    }
    this.around = outside
    this.stand(!keep)
  }

  // Takes its place; anew: looks from where one looks at first.
  stand(anew) {
    Object.assign(this, this.isOutside ? this.level() : this.photo)
    if (anew) Object.assign(this, this.target = this.start())
    this.target = this.within(this.target)
    Object.assign(this, this.within(this))
  }

  start() {
    return this.isOutside ? {...OUTSIDE} : {yaw: 0, pitch: 0, zoom: 1, x: 0, y: 0, z: 0}
  }

  // A camera before the middle, upright: as gen3d/products/around.py has it.
  level() {
    const {middle, distance_m: distance} = this.around
    const axis = 'xyz'.indexOf(this.up[1]), down = [0, 0, 0], forward = [0, 0, 0]
    down[axis] = this.up[0] === '+' ? -1 : 1
    forward[axis === 2 ? 1 : 2] = 1
    const right = [1, 2, 0].map((j, i) => down[j] * forward[(i + 2) % 3] - down[(i + 2) % 3] * forward[j])
    const w2c = [right, down, forward].map(row => [...row, -(row[0] * middle[0] + row[1] * middle[1] + row[2] * middle[2])])
    w2c[2][3] += distance
    return {w2c, pivot: distance, limits: this.photo.limits}
  }

  // Outside or back; false where there is only one place.
  cross() {
    if (!this.around) return false
    this.isOutside = !this.isOutside
    this.stand(true)
    return true
  }

  // The next axis up; false where nobody stands outside.
  turnUp() {
    if (!this.isOutside) return false
    this.up = UPS[(UPS.indexOf(this.up) + 1) % UPS.length]
    this.stand(false)
    return true
  }

  // At once, from the photo's view.
  face(yaw, pitch, zoom = 1) {
    Object.assign(this, this.target = this.within({...this.start(), yaw, pitch, zoom}))
  }

  // By shares of the canvas: all of it leads from one limit to the other, or once around.
  turn(right, up) {
    const {yaw_left_deg, yaw_right_deg, pitch_up_deg, pitch_down_deg} = this.limits
    const across = this.isOutside ? 360 : Math.max(LEAST_TURN_DEG, yaw_left_deg + yaw_right_deg)
    const along = this.isOutside ? 180 : Math.max(LEAST_TURN_DEG, pitch_up_deg + pitch_down_deg)
    const yaw = this.target.yaw + right * across, pitch = this.target.pitch + up * along
    this.target = this.within({...this.target, yaw, pitch})
  }

  // Aside, by shares of the canvas's width: the scene goes along with the hand. In the photo's place that is a turn.
  pan(right, up) {
    if (!this.isOutside) return this.turn(right, up)
    const view = this.view(), step = this.pivot * this.target.zoom * this.across
    const moved = ['x', 'y', 'z'].map((name, k) => [name, this.target[name] + step * (up * view[1][k] - right * view[0][k])])
    this.target = this.within({...this.target, ...Object.fromEntries(moved)})
  }

  zoomBy(factor) {
    this.target = this.within({...this.target, zoom: this.target.zoom * factor})
  }

  reset() {
    this.target = this.start()
    this.yaw %= 360
  }

  stopSway() {
    if (this.swaying) this.target = Object.fromEntries(WAYS.map(name => [name, this[name]]))
    this.swaying = false
  }

  // The nearest allowed pose. Within the photo's limits, what is used up in one direction is not there in another, on an
  // ellipsoid.
  within({yaw, pitch, zoom, x, y, z}) {
    if (this.isOutside) return {yaw, pitch: clamp(pitch, -STEEPEST_DEG, STEEPEST_DEG), zoom: clamp(zoom, ...ZOOMS), x, y, z}
    const {yaw_left_deg: left, yaw_right_deg: right, pitch_up_deg: up, pitch_down_deg: down, nearest, farthest} = this.limits
    zoom = clamp(zoom, nearest, farthest)
    const out = zoom > 1 ? (zoom - 1) / (farthest - 1) : 0
    const reach = Math.sqrt(Math.max(0, 1 - out * out))
    const across = shareOf(yaw, left, right), along = shareOf(pitch, down, up)
    const shrink = Math.min(1, reach / Math.max(Math.hypot(across, along), 1e-9))
    yaw = across * shrink * (across < 0 ? left : right)
    pitch = along * shrink * (along < 0 ? down : up)
    return {yaw, pitch, zoom, x: 0, y: 0, z: 0}
  }

  // The pose nearest to a view, which may lie anywhere; aside: how far off it is, as a share of the pivot's distance.
  near(view) {
    const w2c = this.w2c.slice(0, 3), d = this.pivot, {place} = poseOf(view)
    const forward = w2c.map(row => dot(row.slice(0, 3), view[2])), from = w2c.map(row => dot(row.slice(0, 3), place) + row[3])
    from[2] -= d
    const yaw = Math.atan2(forward[0], forward[2]) * 180 / Math.PI, pitch = -Math.asin(clamp(forward[1], -1, 1)) * 180 / Math.PI
    const zoom = this.isOutside ? this.zoom : -dot(from, forward) / d
    const off = from.map((p, k) => p + zoom * d * forward[k])
    if (!this.isOutside) return {yaw, pitch, zoom, x: 0, y: 0, z: 0, aside: Math.hypot(...off) / d}
    const [x, y, z] = [0, 1, 2].map(k => dot(w2c.map(row => row[k]), off))
    return {yaw, pitch, zoom, x, y, z, aside: 0}
  }

  // Whether a view lies where nobody may go by hand.
  leaves(view) {
    if (this.isOutside) return false
    const there = this.near(view), near = this.within(there)
    const turned = Math.hypot(there.yaw - near.yaw, there.pitch - near.pitch)
    return there.aside > ASIDE || turned > LEAST_DEG || Math.abs(there.zoom - near.zoom) > LEAST_ZOOM
  }

  jump(view) {
    const {aside, ...there} = this.near(view)
    Object.assign(this, this.target = this.within(there))
  }

  // Moves on; true while there is a way to go.
  advance(elapsed) {
    if (this.swaying) this.sway(elapsed)
    const pull = 1 - Math.exp(-elapsed / EASE_MS)
    let rest = 0
    for (const name of WAYS) {
      const gap = this.target[name] - this[name]
      const weight = {yaw: 1, pitch: 1, zoom: 100 / Math.max(0.1, this.zoom)}[name] ?? 100 / (this.pivot * this.zoom)
      rest = Math.max(rest, Math.abs(gap) * weight)
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
    const angle = 2 * Math.PI * this.phase / SWAY_PERIOD_MS, from = this.start()
    const yaw = Math.min(SWAY_DEG, 0.6 * left, 0.6 * right), pitch = Math.min(SWAY_DEG / 3, 0.6 * up, 0.6 * down)
    const swung = {yaw: from.yaw + yaw * Math.sin(angle), pitch: from.pitch + pitch * Math.sin(2 * angle)}
    this.target = this.within({...this.target, ...swung})
  }

  // World to camera, three rows: the first camera, turned about the pivot ahead of it.
  view() {
    const a = this.yaw * Math.PI / 180, b = this.pitch * Math.PI / 180
    const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)]
    const R = [[ca, 0, -sa], [sa * sb, cb, ca * sb], [sa * cb, -sb, ca * cb]]   // transposed about_y @ about_x
    const d = this.pivot, w2c = this.w2c
    return R.map((row, i) => {
      const turned = [0, 1, 2, 3].map(k => row[0] * w2c[0][k] + row[1] * w2c[1][k] + row[2] * w2c[2][k])
      turned[3] += (i === 2 ? d * this.zoom : 0) - row[2] * d
      turned[3] -= turned[0] * this.x + turned[1] * this.y + turned[2] * this.z
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
