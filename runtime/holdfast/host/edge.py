"""What `request.cf` tells besides what polyfills/fetch/cf.js knows by itself.

https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
"""

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.host.context import Host
from holdfast.host.header_lines import pairs_in
from holdfast.host.ops import op

EXAMPLE: Mapping[str, Any] = {
    "asn": 64_496,  # of those kept for documentation: RFC 5398
    "asOrganization": "Example Network",
    "city": "Berlin",
    "continent": "EU",
    "country": "DE",
    "isEUCountry": "1",
    "latitude": "52.52000",
    "longitude": "13.40500",
    "postalCode": "10115",
    "region": "Land Berlin",
    "regionCode": "BE",
    "timezone": "Europe/Berlin",
    "tlsCipher": "AEAD-AES128-GCM-SHA256",
    "tlsVersion": "TLSv1.3",
}
"""A client as Cloudflare's network would describe one: what `holdfast dev` tells of all of them."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What stands before the server knows of its clients (the capability `edge`).

    `properties` hold for all of them. `header`, in lower case, names the header in which a proxy
    tells more of each as a JSON object; "" where none does.
    """

    properties: Mapping[str, Any] = field(default_factory=dict)
    header: str = ""


@op
def edge_told(host: Host, headers: str) -> str:
    """What is told of a request with these headers, a JSON object."""
    edge: Edge = host.capabilities.edge
    properties = edge.properties
    if edge.header:
        properties = {**properties, **_told_in(headers, edge.header)}
    return json.dumps(properties)


def _told_in(headers: str, name: str) -> Mapping[str, Any]:
    """The object in a header; an empty one where there is none, or it is no JSON of an object."""
    for field_name, value in pairs_in(headers):
        if field_name.lower() == name:
            try:
                told = json.loads(value)
            except ValueError:
                return {}
            return told if isinstance(told, dict) else {}
    return {}
