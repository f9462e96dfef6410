// The elements that are open, as selectors see them, and the attributes of their tags.

const NONE = Object.freeze([]);

function valueIn(list, name) {
  for (const attribute of list) {
    if (attribute.name === name) return attribute.value;
  }
  return null;
}

/** The attributes of the start tag that the tokenizer has read last; decoded when asked for. */
export class TagAttributes {
  #tokenizer;
  #charset;
  #list = NONE;
  #isRead = false;

  constructor(tokenizer, charset) {
    this.#tokenizer = tokenizer;
    this.#charset = charset;
  }

  /** The tokenizer has read another tag. */
  reset() {
    this.#isRead = false;
  }

  /** { name, rawName, value, raw } of each; what is raw is as it stands in the tag. */
  get list() {
    if (this.#isRead) return this.#list;
    this.#isRead = true;
    return (this.#list = this.#tokenizer.attributes.length === 0 ? NONE : this.#read());
  }

  #read() {
    const { input, attributes: ranges } = this.#tokenizer;
    const list = [];
    for (let i = 0; i < ranges.length; i += 5) {
      const rawName = input.slice(ranges[i], ranges[i + 1]);
      list.push({
        name: this.#charset.decode(rawName).toLowerCase(),
        rawName,
        value: this.#charset.decode(input.slice(ranges[i + 2], ranges[i + 3])),
        raw: input.slice(ranges[i], ranges[i + 4]),
      });
    }
    return list;
  }

  /** The value of the first attribute of this name; null if there is none. */
  get(name) {
    return valueIn(this.list, name);
  }
}

/**
 * An open element; the root has no parent and stands for the document. There is one for each
 * tag, so its fields are public, which costs less: nothing of it is ever seen by scripts.
 */
export class OpenElement {
  constructor(name, parent, attributes, index) {
    this.name = name;
    this.parent = parent;
    this.attributes = attributes; // of its tag while that is looked at, then a list of those kept
    this.index = index; // among its siblings
    this.typeIndex = 1; // among those of its name
    this.children = 0;
    this.types = null; // name → count of children
    this.matched = NONE; // registrations
    this.facts = null; // where its end tag is of interest
    this.removesContent = false;
  }

  static root() {
    return new OpenElement("", null, NONE, 1);
  }

  /** A new child, counted among its siblings; by type only where a selector asks for that. */
  child(name, attributes, countsTypes) {
    const child = new OpenElement(name, this, attributes, ++this.children);
    if (countsTypes) {
      this.types ??= new Map();
      child.typeIndex = (this.types.get(name) ?? 0) + 1;
      this.types.set(name, child.typeIndex);
    }
    return child;
  }

  attribute(name) {
    return valueIn(this.attributes.list ?? this.attributes, name);
  }

  /** The tokenizer goes on: keep the attributes if selectors of inner elements ask for them. */
  open(keepsAttributes) {
    this.attributes = keepsAttributes ? this.attributes.list : NONE;
  }
}
