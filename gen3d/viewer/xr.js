// Looking around with a headset, by WebXR: a button for each kind of session that the browser offers, and the stereo pair.
//
// Metres are metres, and nothing is bent: each eye's lens is the headset's own. The head begins where the viewer stood,
// looking level ahead; it turns freely, and goes as far as the mouse goes (`heldPlace`): beyond, the scene comes along.
// Sticks: the right one turns by steps, the left one moves the seat; the lower button goes back to where it began.
//
// stage: {gl, orbit(), ready(), draw(frame, eye, view, ground), sort(view), begin(), end(), tell(words)}

const SESSIONS = {'immersive-vr': ['VR', 'Look around with a headset'], 'immersive-ar': ['AR', 'See it in your own room']}
const SNAP_DEG = 30
const PUSHED = 0.6, RELEASED = 0.3      // of a stick's way
const STEP_A_SECOND = 0.25              // of the pivot's distance
const BACK = 4                          // A or X, in the order of "xr-standard"

class Headset {
  worn = null                           // the session that goes on
  #stage; #layer = null; #space; #seat = null; #snapped = false; #last = 0

  constructor(stage, signal) {
    this.#stage = stage
    this.buttons = Object.entries(SESSIONS).map(([mode, [textContent, title]]) => {
      const button = made('button', {type: 'button', textContent, title, hidden: true}, {'aria-pressed': 'false'})
      button.addEventListener('click', () => (this.worn ? this.leave() : this.#enter(mode, button)), {signal})
      return button
    })
    this.#offer()
    navigator.xr?.addEventListener('devicechange', () => this.#offer(), {signal})
    signal.addEventListener('abort', () => this.leave())
  }

  // Only what can be had; where a page may not ask, nothing can.
  async #offer() {
    for (const [i, mode] of Object.keys(SESSIONS).entries()) {
      this.buttons[i].hidden = !await navigator.xr?.isSessionSupported(mode).catch(() => false)
    }
  }

  async #enter(mode, button) {
    const {gl} = this.#stage
    if (!this.#stage.ready()) return
    let session = null
    try {
      session = await navigator.xr.requestSession(mode)
      session.addEventListener('end', () => this.#left(button), {once: true})
      this.#stage.begin()
      this.worn = session
      button.ariaPressed = 'true'
      await gl.makeXRCompatible()
      this.#layer = new XRWebGLLayer(session, gl, {antialias: false, depth: false})
      await session.updateRenderState({baseLayer: this.#layer})
      this.#space = await session.requestReferenceSpace('local')
      this.#space.addEventListener('reset', () => { this.#seat = null })
      const draw = (now, frame) => {
        session.requestAnimationFrame(draw)
        this.#frame(now, frame, mode === 'immersive-ar' ? 0 : 1)
      }
      session.requestAnimationFrame(draw)
    } catch (error) {
      session?.end().catch(() => {})                // it may have ended by itself
      this.#stage.tell(`The headset did not start (${error.message}). Put it on, allow it for this page, and try again.`)
    }
  }

  leave() {
    this.worn?.end().catch(() => {})
  }

  // A lost context takes the headset's pictures along.
  lose() {
    if (this.#layer) this.leave()
  }

  #left(button) {
    this.worn = this.#layer = this.#seat = null
    button.ariaPressed = 'false'
    this.#stage.end()
  }

  #frame(now, frame, ground) {
    const pose = frame.getViewerPose(this.#space), {gl, orbit} = this.#stage
    const seconds = Math.min(0.1, (now - this.#last) / 1000)
    this.#last = now
    if (!pose || !this.#stage.ready()) return
    const head = columnsOf(pose.transform.matrix)
    this.#seat ??= seatOf(orbit(), head)
    this.#obey(frame.session.inputSources, head, seconds)
    const {seat, place} = this.#at(head)
    this.#stage.sort(eyeView(seat, place, head, head))
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#layer.framebuffer)
    for (const view of pose.views) {
      if (view.recommendedViewportScale) view.requestViewportScale(view.recommendedViewportScale)
      const {x, y, width, height} = this.#layer.getViewport(view)
      if (!width) continue
      const eye = {K: lensOf(view.projectionMatrix, width, height), width, height}
      this.#stage.draw([x, y, width, height], eye, eyeView(seat, place, head, columnsOf(view.transform.matrix)), ground)
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
  }

  // Where the head is, in the scene.
  #at(head) {
    const seat = this.#seat, moved = inWorld(seat, head[3].map((x, k) => x - seat.origin[k]))
    return {seat, place: heldPlace(this.#stage.orbit(), seat.place.map((x, k) => x + moved[k]))}
  }

  #obey(sources, head, seconds) {
    for (const {gamepad, handedness} of sources) {
      if (!gamepad) continue
      const [x = 0, y = 0] = gamepad.axes.slice(-2), size = Math.abs(x)
      if (gamepad.buttons[BACK]?.pressed) this.#seat = seatOf(this.#stage.orbit(), head)
      if (handedness === 'left') this.#move(x, y, head, seconds)
      else if (size > PUSHED && !this.#snapped) this.#sit(head, [0, 0, 0], Math.sign(x) * SNAP_DEG)
      if (handedness !== 'left') this.#snapped = size > (this.#snapped ? RELEASED : PUSHED)
    }
  }

  // Along the floor, to where the head looks.
  #move(x, y, head, seconds) {
    if (Math.hypot(x, y) < DEAD) return
    const angle = facing(head), step = STEP_A_SECOND * seconds * this.#stage.orbit().pivot
    const [c, s] = [step * Math.cos(angle), step * Math.sin(angle)]
    this.#sit(head, inWorld(this.#seat, [c * x + s * y, 0, c * y - s * x]), 0)
  }

  // Anew from where the head is, so that turns are about it, and what was held is forgotten.
  #sit(head, moved, turned_deg) {
    const {seat, place} = this.#at(head), angle = seat.angle + turned_deg * Math.PI / 180
    this.#seat = {...seat, angle, origin: head[3], place: heldPlace(this.#stage.orbit(), place.map((x, k) => x + moved[k]))}
  }
}

// -- geometry. A headset's axes are right, up and back; its matrices come column by column.

function columnsOf(matrix) {
  return [0, 4, 8, 12].map(at => [...matrix.slice(at, at + 3)])
}

// How far it is turned to the left, about up; radians.
function facing(head) {
  return Math.atan2(head[2][0], head[2][2])
}

// How the headset's space lies in the world: the head is where the viewer stands, and what is level stays level. axes:
// right, down and ahead, angle: turned to the right from there.
function seatOf(orbit, head) {
  const axes = orbit.w2c.slice(0, 3).map(row => row.slice(0, 3))
  return {axes, angle: orbit.yaw * Math.PI / 180 + facing(head), origin: head[3], place: poseOf(orbit.view()).place}
}

function inWorld({axes: [right, down, ahead], angle}, [x, y, z]) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)]
  return right.map((_, k) => right[k] * (c * x - s * z) - down[k] * y - ahead[k] * (s * x + c * z))
}

// World to an eye, three rows, the head being at a place.
function eyeView(seat, place, head, eye) {
  const apart = inWorld(seat, eye[3].map((x, k) => x - head[3][k])), at = place.map((x, k) => x + apart[k])
  const [right, up, back] = eye.slice(0, 3).map(axis => inWorld(seat, axis))
  return [right, up.map(x => -x), back.map(x => -x)].map(row => [...row, -dot(row, at)])
}

// K in pixels of the eye's picture, from OpenGL's projection.
function lensOf(projection, width, height) {
  const [x, y] = [width / 2, height / 2]
  return [[projection[0] * x, 0, x * (1 - projection[8])], [0, projection[5] * y, y * (1 + projection[9])], [0, 0, 1]]
}

// The nearest place to which the mouse leads too: about the pivot, within the limits.
function heldPlace(orbit, place) {
  if (orbit.isOutside) return place
  const {w2c, pivot} = orbit, from = w2c.slice(0, 3).map(row => dot(row.slice(0, 3), place) + row[3])
  from[2] -= pivot
  const away = Math.hypot(...from), degrees = 180 / Math.PI
  const seen = {yaw: degrees * Math.atan2(-from[0], -from[2]), pitch: degrees * Math.asin(from[1] / Math.max(away, 1e-9))}
  const {yaw, pitch, zoom} = orbit.within({...seen, zoom: away / pivot}), [a, b, out] = [yaw / degrees, pitch / degrees, zoom * pivot]
  const held = [-out * Math.sin(a) * Math.cos(b), out * Math.sin(b), pivot - out * Math.cos(a) * Math.cos(b)]
  return [0, 1, 2].map(k => [0, 1, 2].reduce((sum, i) => sum + w2c[i][k] * (held[i] - w2c[i][3]), 0))
}
