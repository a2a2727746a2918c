// What an address asks of a viewer that has a page for itself: ?noui&camera=10,-5,0.9&autoplay&poster&mode=depth
//
//   noui      no buttons, only the scene
//   camera    degrees to the right of the photo's view, degrees above it, and how near, as a share of the photo's distance
//   autoplay  the video's path, back and forth, until a hand takes over; not for who wants no motion
//   poster    a picture until it is pressed: nothing is loaded or drawn before
//   mode      what is shown, a name of SHOWN (modes.js)
//
// Whatever cannot be read, or the scene does not have, is as if it had not been said.

function askedOf(search) {
  const given = new URLSearchParams(search), numbers = (given.get('camera') ?? '').split(',').filter(Boolean).map(Number)
  const on = name => given.has(name) && !['0', 'false', 'no', 'off'].includes(given.get(name).toLowerCase())
  const camera = [2, 3].includes(numbers.length) && numbers.every(Number.isFinite) ? numbers : null
  return {noui: on('noui'), autoplay: on('autoplay'), poster: on('poster'), camera, mode: given.get('mode')}
}

// The same for where a viewer's canvas looks now; '' where it looks as at first, or still sways.
function cameraOf({yaw = '0', pitch = '0', zoom = '1', sway}) {
  if (sway === 'on') return ''
  const numbers = [Number(yaw), Number(pitch), Number(zoom)].map((x, k) => Number(x.toFixed(k < 2 ? 1 : 2)))
  return numbers[0] || numbers[1] || numbers[2] !== 1 ? numbers.join() : ''
}
