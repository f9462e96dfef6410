"""XML that comes, of the simple kind that S3 speaks. xml.py writes what is answered."""

from xml.parsers import expat

from holdfast.api.s3.errors import malformed_xml
from holdfast.dataclass import dataclass

_MAX_DEPTH = 16


@dataclass(slots=True, eq=False)
class Node:
    """An element: its name without a namespace, its text, and the elements in it."""

    name: str
    content: list[str]
    children: "list[Node]"

    @property
    def text(self) -> str:
        """The text between its elements, as it is."""
        return "".join(self.content)

    def all(self, name: str) -> "list[Node]":
        """The elements in it of a name."""
        return [child for child in self.children if child.name == name]

    def find(self, name: str) -> str | None:
        """The text of the first element in it of a name."""
        return next((child.text for child in self.children if child.name == name), None)


def parse(body: bytes, root: str) -> Node:
    """The root of a document, which is called `root`. Blocks; raises S3Error, MalformedXML.

    Documents that declare types or entities are refused, before any is expanded.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    top = Node("", [], [])
    open_ = [top]

    def begin(name: str, _attributes: object) -> None:
        if len(open_) > _MAX_DEPTH:
            raise malformed_xml()
        node = Node(name.rpartition(" ")[2], [], [])
        open_[-1].children.append(node)
        open_.append(node)

    def refuse(*_: object) -> None:
        raise malformed_xml()

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _: open_.pop()
    parser.CharacterDataHandler = lambda data: open_[-1].content.append(data)
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise malformed_xml() from None
    if not top.children or top.children[0].name != root:
        raise malformed_xml()
    return top.children[0]
