// Drawn paths as files, and back: what gen3d/formats/camera_path.py tells of and reads. lens: {focal, aspect} of the
// photo, the focal length as a share of its height.

const MOST_KEYS = 1000
const FRAME_RATE = 30
const OFF = {enabled: false}
const PATH_FILES = {
  'transforms.json': asTransforms,
  'nerfstudio camera path': asNerfstudio,
  'SuperSplat settings': asSuperSplat,
}

// Camera to world, four rows, the camera's axes as OpenGL has them.
function openGl(key) {
  const view = viewOf(key)
  return [...[0, 1, 2].map(k => [view[0][k], -view[1][k], -view[2][k], key.place[k]]), [0, 0, 0, 1]]
}

function asTransforms({keys, loop, tension}, lens, {width, height, K}) {
  const frames = keys.map((key, i) => {
    const fl_y = key.focal * height, cx = K[0][2], cy = K[1][2]
    return {
      file_path: `${String(i).padStart(2, '0')}.png`, fl_x: fl_y * K[0][0] / K[1][1], fl_y, cx, cy, w: width, h: height,
      seconds: key.seconds, transform_matrix: openGl(key),
    }
  })
  return {camera_model: 'OPENCV', camera_path: {loop, tension}, frames}
}

function asNerfstudio(path, lens, {width, height}) {
  const {keys, loop, tension} = path, course = courseOf(path, lens.unit)
  const told = (key, name) => ({[name]: openGl(key).flat(), fov: fovOf(key.focal), aspect: lens.aspect})
  const count = Math.max(1, Math.round(course.duration * FRAME_RATE))
  return {
    camera_type: 'perspective', render_width: width, render_height: height, fps: FRAME_RATE, seconds: course.duration,
    is_cycle: loop === 'repeat', loop, smoothness_value: tension, default_fov: fovOf(lens.focal), default_transition_sec: 2,
    keyframes: keys.map(key => ({
      ...told(key, 'matrix'), override_transition_enabled: true, override_transition_sec: key.seconds,
    })),
    camera_path: Array.from({length: count}, (_, i) => told(course.at(i / FRAME_RATE), 'camera_to_world')),
  }
}

function asSuperSplat(path, lens) {
  const {keys, loop, tension} = path
  const course = courseOf({...path, loop: loop === 'repeat' ? loop : 'none'}, lens.unit)
  const across = Math.max(lens.aspect, 1)          // their viewer takes the angle for the wider side's
  const poses = keys.map(key => {
    const [x, y, z] = key.place, [fx, fy, fz] = viewOf(key)[2]
    const ahead = [x + lens.unit * fx, y + lens.unit * fy, z + lens.unit * fz]
    return {position: [-x, -y, z], target: [-ahead[0], -ahead[1], ahead[2]], fov: fovOf(key.focal / across)}
  })
  const track = {
    name: 'path', duration: course.duration, frameRate: FRAME_RATE, loopMode: loop, interpolation: 'spline',
    smoothness: 1 - tension,
    keyframes: {
      times: course.starts.map(time => time * FRAME_RATE),
      values: {
        position: poses.flatMap(pose => pose.position), target: poses.flatMap(pose => pose.target),
        fov: poses.map(pose => pose.fov),
      },
    },
  }
  return {
    version: 2, tonemapping: 'none', highPrecisionRendering: false, background: {color: [0, 0, 0]},
    postEffectSettings: {
      sharpness: {...OFF, amount: 0}, bloom: {...OFF, intensity: 1, blurLevel: 2},
      grading: {...OFF, brightness: 0, contrast: 1, saturation: 1, tint: [1, 1, 1]},
      vignette: {...OFF, intensity: 0.5, inner: 0.3, outer: 0.75, curvature: 1}, fringing: {...OFF, intensity: 0.5},
    },
    animTracks: [track], cameras: [{initial: poses[0]}], annotations: [], startMode: 'animTrack',
  }
}

// The path of a file's text; throws an Error that says what is wrong with it. photo: the photo's view.
function pathFrom(text, lens, photo) {
  const content = JSON.parse(text)
  const read = content.frames ? fromTransforms : content.keyframes || content.camera_path ? fromNerfstudio
    : content.animTracks ? fromSuperSplat : null
  const path = read?.(content, lens, photo)
  if (!path?.keys.length || path.keys.length > MOST_KEYS) throw new Error('no camera path')
  const numbers = path.keys.flatMap(({place, turn, focal, seconds}) => [...place, ...turn, Math.log(focal), Math.log1p(seconds)])
  if (!numbers.every(Number.isFinite)) throw new Error('numbers that are no path')
  return {...path, loop: ['repeat', 'pingpong'].includes(path.loop) ? path.loop : 'none'}
}

function fromTransforms({frames, camera_path: about, ...all}, lens, photo) {
  const views = frames.map(frame => viewFrom(frame.transform_matrix.map(row => [...row])))
  const keys = views.map((view, i) => {
    const {fl_y, fl_x, h, seconds = 1} = {...all, ...frames[i]}
    const placed = about ? view : product(product(view, inverse(views[0])), photo)   // those of others count from the first
    return {...poseOf(placed), focal: h ? (fl_y ?? fl_x) / h : lens.focal, seconds}
  })
  return {keys, loop: about?.loop, tension: about?.tension ?? 0}
}

function fromNerfstudio({keyframes, camera_path, fps, default_transition_sec, default_fov, is_cycle, loop, smoothness_value}) {
  const single = !keyframes?.length
  const keys = (single ? camera_path : keyframes).map(key => {
    let numbers = key.matrix ?? key.camera_to_world
    if (typeof numbers === 'string') numbers = JSON.parse(numbers)
    let rows = [0, 1, 2, 3].map(i => numbers.slice(4 * i, 4 * i + 4))
    if (rows[3].slice(0, 3).some(x => Math.abs(x) > 1e-9)) rows = rows.map((_, i) => rows.map(row => row[i]))
    const own = key.override_transition_enabled ? key.override_transition_sec : null
    const seconds = own ?? (single ? 1 / (fps || 24) : default_transition_sec || 2)
    return {...poseOf(viewFrom(rows)), focal: focalOf(key.fov || default_fov || 50), seconds}
  })
  return {keys, loop: is_cycle ? 'repeat' : loop, tension: smoothness_value || 0}
}

function fromSuperSplat({version, animTracks: [track]}, lens) {
  if (version !== 2 || !track) throw new Error('no settings of version 2 with a camera track')
  const {duration, frameRate, loopMode: loop, smoothness = 1, keyframes: {times, values}} = track
  const point = (name, i) => values[name].slice(3 * i, 3 * i + 3).map((x, k) => (k < 2 ? -x : x))
  const keys = times.map((time, i) => {
    const since = i ? time - times[i - 1] : loop === 'repeat' ? duration * frameRate - times.at(-1) + times[0] : frameRate
    const focal = focalOf(values.fov[i]) * Math.max(lens.aspect, 1)
    return {...poseOf(lookingAt(point('position', i), point('target', i))), focal, seconds: Math.max(0, since / frameRate)}
  })
  return {keys, loop, tension: 1 - smoothness}
}

// The view from rows as openGl gives them.
function viewFrom(rows) {
  const place = rows.slice(0, 3).map(row => row[3])
  return [0, 1, 2].map(k => {
    const axis = rows.slice(0, 3).map(row => (k ? -row[k] : row[0]))
    return [...axis, -dot(axis, place)]
  })
}

// Upright: y is down.
function lookingAt(place, target) {
  const unit = v => v.map(x => x / Math.hypot(...v))
  const forward = unit(target.map((x, k) => x - place[k])), right = unit([forward[2], 0, -forward[0]])
  const down = [0, 1, 2].map(k => forward[(k + 1) % 3] * right[(k + 2) % 3] - forward[(k + 2) % 3] * right[(k + 1) % 3])
  return [right, down, forward].map(row => [...row, -dot(row, place)])
}

function product(a, b) {
  return a.map(row => [0, 1, 2, 3].map(k => row[0] * b[0][k] + row[1] * b[1][k] + row[2] * b[2][k] + (k === 3 ? row[3] : 0)))
}

function inverse(view) {
  return [0, 1, 2].map(k => [view[0][k], view[1][k], view[2][k], -(view[0][k] * view[0][3] + view[1][k] * view[1][3] + view[2][k] * view[2][3])])
}

function fovOf(focal) {
  return 360 / Math.PI * Math.atan(0.5 / focal)
}

function focalOf(fov) {
  return 0.5 / Math.tan(fov * Math.PI / 360)
}
