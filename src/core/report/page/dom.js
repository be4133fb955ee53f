// Part of a page's script.

/**
 * A new element; text in it is text, whatever it says.
 *
 * @param {string} name
 * @param {string} className
 * @param {(Node | string)[]} content
 * @returns {HTMLElement}
 */
export function make(name, className = '', content = []) {
  const made = document.createElement(name)
  if (className) made.className = className
  made.append(...content)
  return made
}
