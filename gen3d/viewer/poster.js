// A still picture over the canvas until the first one is drawn there: the photo of a scene of ours, whose file begins with
// it, or one that the page has had there from the start.

class Poster {
  #waits = true

  // element: an <img> that is there already; address: of the picture that is known before the scene is.
  constructor(element, address) {
    this.element = element ?? made('img', {className: 'poster', alt: '', hidden: true})
    this.#show(address)
  }

  // photo: as the file's header has it, if it has one.
  begin(photo) {
    if (photo && this.element.hidden) this.#show(`data:image/jpeg;base64,${photo}`)
  }

  drawn() {
    this.#waits = false
    this.element.remove()
  }

  #show(address) {
    if (address && this.#waits) Object.assign(this.element, {src: address, hidden: false})
  }
}
