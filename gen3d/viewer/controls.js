// Mouse, touch, wheel and keys, as does.touch(), hold(whether), turn(right, up) and pan(right, up) in shares of the canvas,
// zoom(factor), reset(), fullScreen(), turnUp(), cross(), keep(), play(), measure(), save(transparent), and in pixels of
// its box click(x, y), grab(x, y), which is true where something is to be carried, carry(x, y) and drop(whether).

const HOW_TO = 'Drag or use the arrow keys to look around, plus and minus to move, Home to go back to the photo, ' +
  'F for full screen, K to keep the view for a camera path, M to measure, S to save a picture.'
const HOW_TO_OUTSIDE = 'Drag or use the arrow keys to turn, with Shift or two fingers to move aside, plus and minus to go ' +
  'in and out, U for another axis up, O to go outside or back, Home to begin again, F for full screen, K to keep the view for a ' +
  'camera path, M to measure, S to save a picture.'
const WHEEL_ZOOM = 0.001    // per pixel of wheel, in the exponent
const PINCH_ZOOM = 0.008    // browsers tell a pinch on a trackpad as a wheel with ctrl, of far fewer pixels
const KEY_ZOOM = 0.94
const KEY_TURN = 0.1
const DOUBLE_TAP_MS = 350

function listenToHands(canvas, signal, does) {
  canvas.tabIndex = 0
  canvas.setAttribute('role', 'application')
  canvas.setAttribute('aria-roledescription', '3D scene')
  canvas.setAttribute('aria-label', HOW_TO)
  const on = (name, act, options) => canvas.addEventListener(name, act, {signal, ...options})
  const fingers = new Map()
  let lastTap = null

  const spread = () => {
    const [a, b] = fingers.values()
    return Math.hypot(a.x - b.x, a.y - b.y)
  }

  on('pointerdown', event => {
    does.touch()
    does.hold(true)
    canvas.setPointerCapture(event.pointerId)
    const aside = event.button === 1 || event.button === 2 || event.shiftKey
    for (const other of fingers.values()) if (other.carries) other.carries = does.drop(false)
    const carries = !fingers.size && !aside && does.grab(event.offsetX, event.offsetY)
    fingers.set(event.pointerId, {x: event.clientX, y: event.clientY, moved: 0, aside, carries})
  })
  on('pointermove', event => {
    const finger = fingers.get(event.pointerId)
    if (!finger) return
    const dx = event.clientX - finger.x, dy = event.clientY - finger.y
    const before = fingers.size === 2 ? spread() : 0
    Object.assign(finger, {x: event.clientX, y: event.clientY, moved: finger.moved + Math.abs(dx) + Math.abs(dy)})
    if (finger.carries) return finger.moved < CLICK_PX || does.carry(event.offsetX, event.offsetY)
    if (before) does.zoom(before / Math.max(1, spread()))
    // As if the scene were grabbed: what is pulled to the right shows its left, or comes along.
    if (before || finger.aside) does.pan(dx / canvas.clientWidth / fingers.size, -dy / canvas.clientHeight / fingers.size)
    else does.turn(dx / canvas.clientWidth, -dy / canvas.clientHeight)
  })
  const lift = event => {
    const finger = fingers.get(event.pointerId)
    fingers.delete(event.pointerId)
    does.hold(fingers.size > 0)
    if (finger?.carries) does.drop(event.type === 'pointerup' && finger.moved >= CLICK_PX)
    if (event.type === 'pointerup' && finger?.moved < CLICK_PX && !finger.aside) does.click(event.offsetX, event.offsetY)
    if (event.type !== 'pointerup' || event.pointerType !== 'touch' || finger?.moved > 10) return
    const tap = {at: event.timeStamp, x: event.clientX, y: event.clientY}
    if (lastTap && tap.at - lastTap.at < DOUBLE_TAP_MS && Math.hypot(tap.x - lastTap.x, tap.y - lastTap.y) < 40) does.reset()
    lastTap = tap
  }
  on('pointerup', lift)
  on('pointercancel', lift)
  on('contextmenu', event => { if (event.button === 2) event.preventDefault() })
  on('dblclick', () => { does.touch(); does.reset() })
  on('wheel', event => {
    event.preventDefault()
    does.touch()
    const pixels = event.deltaY * [1, 16, 400][event.deltaMode]
    does.zoom(Math.exp(clamp(pixels * (event.ctrlKey ? PINCH_ZOOM : WHEEL_ZOOM), -0.3, 0.3)))
  }, {passive: false})
  on('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const go = event.shiftKey ? does.pan : does.turn
    const act = {
      ArrowLeft: () => go(-KEY_TURN, 0), ArrowRight: () => go(KEY_TURN, 0),
      ArrowUp: () => go(0, KEY_TURN), ArrowDown: () => go(0, -KEY_TURN),
      '+': () => does.zoom(KEY_ZOOM), '=': () => does.zoom(KEY_ZOOM), '-': () => does.zoom(1 / KEY_ZOOM),
      Home: does.reset, f: does.fullScreen, F: does.fullScreen,
      m: does.measure, M: does.measure, Enter: () => does.click(canvas.clientWidth / 2, canvas.clientHeight / 2),
      s: () => does.save(false), S: () => does.save(true),
      k: does.keep, K: does.keep, p: does.play, P: does.play,
      u: does.turnUp, U: does.turnUp, o: does.cross, O: does.cross,
    }[event.key]
    if (!act) return
    event.preventDefault()
    does.touch()
    act()
  })
}
