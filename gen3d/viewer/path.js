// A camera path as somebody draws it: keys to pass through, each at its time. gen3d/geometry/drawn_path.py does the same
// for the video, number by number, and says why.
//
//   key     {place: [x, y, z], turn: [w, x, y, z], focal, seconds}: where the camera is in the world, how its axes lie
//           there, its focal length as a share of the picture's height, and the time since the key before (of the first
//           one: from the last one to it, where the path repeats)
//   path    {keys, loop: 'none' | 'repeat' | 'pingpong', tension: 0 to 1}

const LEAST_KNOT = 1e-3     // between two keys at one place
const LEAST_SECONDS = 1e-3

// unit: so many metres aside count as much as a radian. Returns {duration, at(seconds)}, which gives a key.
function courseOf({keys, loop, tension}, unit) {
  const closed = loop === 'repeat' && keys.length > 1, n = keys.length
  const order = keys.map((_, i) => i)
  if (closed) order.unshift(n - 1), order.push(0, 1 % n)       // its neighbours across the seam
  const values = aligned(order.map(i => keys[i]))
  const knots = [], seconds = []
  for (let i = 0; i + 1 < order.length; i++) {
    knots.push(Math.max(LEAST_KNOT, Math.sqrt(apart(values[i], values[i + 1], unit))))
    seconds.push(Math.max(LEAST_SECONDS, keys[order[i + 1]].seconds))
  }
  const slopes = values.map((_, i) => slopeAt(values, knots, i).map(m => (1 - tension) * m))
  const rates = values.map((_, i) => rateAt(knots, seconds, i))
  const first = closed ? 1 : 0, last = closed ? n + 1 : n - 1
  const starts = [0]
  for (let i = first; i < last; i++) starts.push(starts.at(-1) + seconds[i])
  const once = starts.at(-1)

  const at = time => {
    time = loop === 'pingpong' ? once - Math.abs(once - time % (2 * once || 1)) : closed ? time % once : Math.min(time, once)
    if (n === 1) return keyOf(values[0])
    let k = 0
    while (k + 2 < starts.length && time >= starts[k + 1]) k++
    const i = first + k, h = seconds[i], knot = knots[i]
    const along = hermite(0, knot, h * rates[i], h * rates[i + 1], (time - starts[k]) / h) / knot
    return keyOf(values[i].map((v, c) => hermite(v, values[i + 1][c], knot * slopes[i][c], knot * slopes[i + 1][c], along)))
  }
  return {duration: loop === 'pingpong' ? 2 * once : once, starts: starts.slice(0, n), at}
}

// Eight numbers a key, of the two quaternions of a turn the one nearer to that before.
function aligned(keys) {
  let before = null
  return keys.map(({place, turn, focal}) => {
    const sign = before && dot(before, turn) < 0 ? -1 : 1
    before = turn.map(x => sign * x)
    return [...place, ...before, Math.log(focal)]
  })
}

function keyOf(v) {
  const turn = v.slice(3, 7), length = Math.hypot(...turn)
  return {place: v.slice(0, 3), turn: turn.map(x => x / length), focal: Math.exp(v[7])}
}

function apart(a, b, unit) {
  const moved = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) / unit
  const turned = 2 * Math.acos(Math.min(1, Math.abs(dot(a.slice(3, 7), b.slice(3, 7)))))
  return Math.hypot(moved, turned, a[7] - b[7])
}

// Catmull-Rom's for uneven knots; an end of the path is not bent.
function slopeAt(values, knots, i) {
  const chord = k => values[k].map((v, c) => (values[k + 1][c] - v) / knots[k])
  if (values.length === 1) return values[0].map(() => 0)
  if (values.length === 2) return chord(0)
  if (i === 0 || i === values.length - 1) {
    const [end, next] = i === 0 ? [0, 1] : [i - 1, i - 1]
    const inner = slopeAt(values, knots, next)
    return chord(end).map((s, c) => (3 * s - inner[c]) / 2)
  }
  const before = chord(i - 1), after = chord(i), [a, b] = [knots[i - 1], knots[i]]
  return before.map((s, c) => (s * b + after[c] * a) / (a + b))
}

// Monotone (Fritsch and Carlson): the camera never goes back on its way, and stands still where the path ends.
function rateAt(knots, seconds, i) {
  if (i === 0 || i === knots.length) return 0
  const [a, b] = [knots[i - 1] / seconds[i - 1], knots[i] / seconds[i]], [g, h] = [seconds[i - 1], seconds[i]]
  return 3 * (g + h) / ((2 * h + g) / a + (h + 2 * g) / b)
}

function hermite(a, b, slopeA, slopeB, x) {
  const y = x * x, z = y * x
  return (2 * z - 3 * y + 1) * a + (z - 2 * y + x) * slopeA + (3 * y - 2 * z) * b + (z - y) * slopeB
}

function dot(a, b) {
  return a.reduce((sum, x, i) => sum + x * b[i], 0)
}

// -- poses as rows of numbers, world to camera

function viewOf({place, turn: [w, x, y, z]}) {
  const right = [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)]
  const down = [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)]
  const forward = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)]
  return [right, down, forward].map(row => [...row, -dot(row, place)])
}

// The place and the turn of a view.
function poseOf(view) {
  const place = [0, 1, 2].map(k => -dot(view.map(row => row[k]), view.map(row => row[3])))
  const [[a, b, c], [d, e, f], [g, h, i]] = view              // the transpose of camera to world
  const squares = [1 + a + e + i, 1 + a - e - i, 1 - a + e - i, 1 - a - e + i]
  const largest = squares.indexOf(Math.max(...squares))
  const q = [
    [squares[0], f - h, g - c, b - d], [f - h, squares[1], b + d, g + c],
    [g - c, b + d, squares[2], f + h], [b - d, g + c, f + h, squares[3]],
  ][largest]
  const length = Math.hypot(...q)
  return {place, turn: q.map(x => x / length)}
}
