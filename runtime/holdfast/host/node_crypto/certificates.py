"""X.509 certificates, as far as scripts can look into them.

https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-x509certificate
"""

import json
from functools import lru_cache
from typing import Any

from holdfast.host.context import Host
from holdfast.host.crypto.asymmetric import private_key, public_key, public_material
from holdfast.host.node_crypto.errors import coded, failing_as, openssl
from holdfast.host.ops import op

MAX_READ = 32
_SHORT = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O"}
_SHORT |= {"2.5.4.11": "OU", "1.2.840.113549.1.9.1": "emailAddress", "2.5.4.5": "serialNumber"}
_SHORT |= {"2.5.4.4": "SN", "2.5.4.42": "GN", "2.5.4.12": "title", "2.5.4.17": "postalCode"}
_SHORT |= {"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID"}
_ACCESS = {"1.3.6.1.5.5.7.48.1": "OCSP", "1.3.6.1.5.5.7.48.2": "CA Issuers"}


@lru_cache(MAX_READ)
def _certificate(der: bytes) -> Any:
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der)


@op
def node_certificate_read(_host: Host, data: bytes) -> bytes:
    """The DER of a certificate in PEM or DER. Raises an Error for what is none."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

    is_pem = b"-----BEGIN " in data
    load = load_pem_x509_certificate if is_pem else load_der_x509_certificate
    with failing_as(openssl("0480006C", "PEM routines", "no start line")):
        der: bytes = load(data).public_bytes(Encoding.DER)
    return der


@op
def node_certificate_key(_host: Host, der: bytes) -> bytes:
    """The material of the public key."""
    with failing_as(openssl("0308010C", "digital envelope routines", "unsupported")):
        return public_material(_certificate(der).public_key())


@op
def node_certificate_facts(_host: Host, der: bytes) -> str:
    """What a certificate says, as JSON."""
    from cryptography import x509

    certificate = _certificate(der)
    basic = _extension(certificate, x509.BasicConstraints)
    usages = _extension(certificate, x509.ExtendedKeyUsage)
    names = _extension(certificate, x509.SubjectAlternativeName)
    access = _extension(certificate, x509.AuthorityInformationAccess)
    number = f"{certificate.serial_number:X}"
    return json.dumps(
        {
            "subject": _name(certificate.subject),
            "issuer": _name(certificate.issuer),
            "validFrom": _date(certificate.not_valid_before_utc),
            "validTo": _date(certificate.not_valid_after_utc),
            "serialNumber": number if len(number) % 2 == 0 else f"0{number}",
            "ca": bool(basic and basic.ca),
            "keyUsage": [usage.dotted_string for usage in usages] if usages else None,
            "names": [_general_name(name) for name in names] if names else None,
            "infoAccess": [
                f"{_ACCESS.get(entry.access_method.dotted_string, '')} - "
                f"{':'.join(_general_name(entry.access_location))}"
                for entry in access
            ]
            if access
            else None,
        }
    )


@op
def node_certificate_has_ip(_host: Host, der: bytes, ip: str) -> bool:
    """Whether a certificate names an address. Raises a TypeError for what is none."""
    from ipaddress import ip_address

    from cryptography import x509

    with failing_as(coded("ERR_INVALID_ARG_VALUE", "Invalid IP", "TypeError")):
        address = ip_address(ip)
    names = _extension(_certificate(der), x509.SubjectAlternativeName)
    return bool(names) and address in names.get_values_for_type(x509.IPAddress)


@op
def node_certificate_issued(_host: Host, der: bytes, issuer: bytes) -> bool:
    """Whether the names say that the other certificate is the issuer's."""
    from cryptography import x509

    one, other = _certificate(der), _certificate(issuer)
    if one.issuer != other.subject:
        return False
    wanted = _extension(one, x509.AuthorityKeyIdentifier)
    own = _extension(other, x509.SubjectKeyIdentifier)
    if wanted and own and wanted.key_identifier and wanted.key_identifier != own.digest:
        return False
    usage = _extension(other, x509.KeyUsage)
    return usage is None or bool(usage.key_cert_sign)


@op
def node_certificate_verify(_host: Host, der: bytes, material: bytes) -> bool:
    """Whether a certificate was signed with the private key of this public one."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    certificate, key = _certificate(der), public_key(material)
    signed = (certificate.signature, certificate.tbs_certificate_bytes)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            parameters = certificate.signature_algorithm_parameters
            key.verify(*signed, parameters, certificate.signature_hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(*signed, certificate.signature_algorithm_parameters)
        elif isinstance(key, dsa.DSAPublicKey):
            key.verify(*signed, certificate.signature_hash_algorithm)
        else:
            key.verify(*signed)
    except Exception:  # noqa: BLE001 - whatever the library cannot check is no signature
        return False
    return True


@op
def node_certificate_has_key(_host: Host, der: bytes, material: bytes) -> bool:
    """Whether this private key belongs to the certificate's public one."""
    public = public_material(private_key(material).public_key())
    return public_material(_certificate(der).public_key()) == public


def _extension(certificate: Any, kind: Any) -> Any:
    from cryptography.x509 import ExtensionNotFound

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (ExtensionNotFound, ValueError):
        return None


def _name(name: Any) -> list[list[str]]:
    """The parts of a name, each with its short name or its number."""
    return [
        [_SHORT.get(part.oid.dotted_string, part.oid.dotted_string), str(part.value)]
        for part in name
    ]


def _general_name(name: Any) -> list[str]:
    """A name as OpenSSL writes it: what it is, and what it says."""
    from cryptography import x509

    if isinstance(name, x509.DNSName):
        return ["DNS", name.value]
    if isinstance(name, x509.RFC822Name):
        return ["email", name.value]
    if isinstance(name, x509.UniformResourceIdentifier):
        return ["URI", name.value]
    if isinstance(name, x509.IPAddress):
        text = str(name.value) if name.value.version == 4 else name.value.exploded
        groups = [f"{int(group, 16):X}" for group in text.split(":")] if ":" in text else None
        return ["IP Address", ":".join(groups) if groups else text]
    if isinstance(name, x509.RegisteredID):
        return ["Registered ID", name.value.dotted_string]
    if isinstance(name, x509.DirectoryName):
        return ["DirName", ",".join(f"{key}={value}" for key, value in _name(name.value))]
    return ["othername", "<unsupported>"]


def _date(moment: Any) -> str:
    """As OpenSSL writes it: `Nov  6 20:00:00 2026 GMT`."""
    return f"{moment:%b} {moment.day:2} {moment:%H:%M:%S} {moment.year} GMT"
