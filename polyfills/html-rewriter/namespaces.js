// Which namespace an element is in, and what its content is: the part of tree construction
// that decides how a document is cut into tokens.
// https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inforeign

export const HTML = "http://www.w3.org/1999/xhtml";
const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";

const setOf = (names) => new Set(names.split(" "));

const VOID =
  "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr";
const TEXT_ONLY = "iframe noembed noframes noscript plaintext script style textarea title xmp";
/** What elements of HTML have in them, where that is nothing or text. */
const CONTENT = new Map([
  ...VOID.split(" ").map((name) => [name, "none"]),
  ...TEXT_ONLY.split(" ").map((name) => [name, "text"]),
]);
// https://html.spec.whatwg.org/multipage/parsing.html#html-integration-point, and those of text
const INTEGRATION = {
  __proto__: null,
  [SVG]: setOf("desc foreignobject title"),
  [MATHML]: setOf("annotation-xml mi mn mo ms mtext"),
};
// Start tags that end foreign content.
const BREAKING_OUT = setOf(
  "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li " +
    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var",
);

/** `{ namespace, isEmpty, isText }` of the last start tag are in the fields of this name. */
export class Namespaces {
  namespace = HTML;
  isEmpty = false; // it has no content, nor an end tag
  isText = false; // its content is text
  // { namespace, name }: the namespace of the content of an element with that name
  #open = [{ namespace: HTML, name: undefined }];
  #current = HTML;

  get inForeignContent() {
    return this.#current !== HTML;
  }

  /** A start tag; `attributes.get(name)` tells its attributes. */
  startTag(name, selfClosing, attributes) {
    this.isText = false;
    if (this.#current !== HTML) {
      if (!breaksOut(name, attributes)) {
        this.#foreign(name, selfClosing, attributes);
        return;
      }
      this.#breakOut();
    }
    if (name === "svg" || name === "math") {
      this.namespace = name === "svg" ? SVG : MATHML;
      this.isEmpty = selfClosing;
      if (!selfClosing) this.#enter(this.namespace, name);
      return;
    }
    this.namespace = HTML;
    const content = CONTENT.get(name);
    this.isEmpty = content === "none";
    this.isText = content === "text";
  }

  #foreign(name, selfClosing, attributes) {
    this.namespace = this.#current;
    this.isEmpty = selfClosing;
    if (selfClosing) return;
    if (integrates(this.namespace, name, attributes)) this.#enter(HTML, name);
    else if (name === "svg" || name === "math") this.#enter(this.namespace, name);
  }

  #enter(namespace, name) {
    this.#open.push({ namespace, name });
    this.#current = namespace;
  }

  /** Close all from this place of the list on. */
  #leave(index) {
    this.#open.length = index;
    this.#current = this.#open[index - 1].namespace;
  }

  #breakOut() {
    while (this.#current !== HTML) this.#leave(this.#open.length - 1);
  }

  endTag(name) {
    const open = this.#open;
    if (open.length === 1) return;
    if ((name === "p" || name === "br") && this.#current !== HTML) {
      this.#breakOut();
      return;
    }
    for (let i = open.length - 1; i > 0; i--) {
      if (open[i].name === name) {
        this.#leave(i);
        return;
      }
    }
  }
}

function breaksOut(name, attributes) {
  if (name !== "font") return BREAKING_OUT.has(name);
  return ["color", "face", "size"].some((known) => attributes.get(known) !== null);
}

function integrates(namespace, name, attributes) {
  if (!INTEGRATION[namespace].has(name)) return false;
  if (name !== "annotation-xml") return true;
  const encoding = attributes.get("encoding")?.toLowerCase();
  return encoding === "text/html" || encoding === "application/xhtml+xml";
}
