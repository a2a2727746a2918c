// A gamepad, polled only while one is there: the sticks turn and move aside, the triggers go in and out, A keeps the view,
// B goes back, X plays the path. does: as controls.js has it, turn and pan in shares of the canvas.

const DEAD = 0.15           // what a stick says at rest
const TURN_A_SECOND = 0.6   // of the canvas
const ZOOM_A_SECOND = 0.7   // in the exponent
const PRESSED = {0: 'keep', 1: 'reset', 2: 'play'}

function listenToGamepads(signal, does, awake) {
  let asked = false, last = 0
  const held = new Set()

  const poll = now => {
    asked = false
    const pads = navigator.getGamepads().filter(Boolean)
    if (!pads.length || signal.aborted) return
    const seconds = Math.min(0.1, (now - last) / 1000)
    last = now
    if (awake()) for (const pad of pads) act(pad, seconds)
    ask()
  }

  const act = ({index, axes, buttons}, seconds) => {
    const [x, y, u, v] = axes.map(axis => (Math.abs(axis) < DEAD ? 0 : axis)), step = TURN_A_SECOND * seconds
    const out = (buttons[6]?.value ?? 0) - (buttons[7]?.value ?? 0)
    if (x || y || u || v || out) does.touch()
    if (u || v) does.turn(u * step, -v * step)
    if (x || y) does.pan(x * step, -y * step)
    if (Math.abs(out) > DEAD) does.zoom(Math.exp(out * ZOOM_A_SECOND * seconds))
    for (const [i, name] of Object.entries(PRESSED)) {
      const key = `${index} ${i}`, pressed = buttons[i]?.pressed
      if (pressed && !held.has(key)) does[name]()
      if (pressed) held.add(key)
      else held.delete(key)
    }
  }

  const ask = () => {
    if (!asked) requestAnimationFrame(poll)
    asked = true
  }
  addEventListener('gamepadconnected', ask, {signal})
  if (navigator.getGamepads?.().some(Boolean)) ask()
}
