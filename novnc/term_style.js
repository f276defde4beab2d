// SPDX-License-Identifier: MIT
//
// term_style - lets xterm.js style itself under the page's policy.
//
// The policy is script-src 'self'; style-src 'self', and that is all that this page
// needs: no inline style, no nonce, no hash. But xterm.js puts <style> elements
// into the page and style attributes on the pieces of a line, which that forbids.
// It allows the same by script: a constructed style sheet, and the style property.
// So on this page document.createElement('style') gives an element without meaning
// whose text goes to a style sheet, and a span's style attribute is set by its
// property. To be called once, before the terminal is made.

/* Stands for a <style> element: has its text and removal, and is seen by nobody. */
function standIn(element) {
	const sheet = new CSSStyleSheet();
	let css = '';

	document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
	element.hidden = true;
	Object.defineProperty(element, 'textContent', {
		get: () => css,
		set: (value) => {
			css = String(value);
			sheet.replaceSync(css);
		},
	});
	element.remove = () => {
		document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet);
		Element.prototype.remove.call(element);
	};
	return element;
}

function setAttribute(name, value) {
	if (name === 'style')
		this.style.cssText = value;
	else
		Element.prototype.setAttribute.call(this, name, value);
}

export function styleByScript() {
	const create = document.createElement.bind(document);

	document.createElement = (name, ...rest) =>
		(name === 'style' ? standIn(create('data')) : create(name, ...rest));
	HTMLSpanElement.prototype.setAttribute = setAttribute;
}
