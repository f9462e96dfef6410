"""The CORS rules of a bucket: GetBucketCors, PutBucketCors, DeleteBucketCors.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
"""

import asyncio
from http import HTTPStatus

from aiohttp import web

from holdfast.api.s3.answers import empty_answer, xml_answer
from holdfast.api.s3.errors import malformed_xml
from holdfast.api.s3.receiving import read_document
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import Signature
from holdfast.api.s3.xml import element, text
from holdfast.api.s3.xml_in import Node, parse
from holdfast.storage.r2.cors import CorsRule
from holdfast.storage.r2.errors import NoSuchCors

_LISTS = {
    "AllowedOrigin": "origins",
    "AllowedMethod": "methods",
    "AllowedHeader": "headers",
    "ExposeHeader": "exposed",
}
_OTHERS = ("ID", "MaxAgeSeconds")


async def get_cors(request: S3Request, _: Signature) -> web.Response:
    """The rules."""
    rules = await asyncio.to_thread(request.buckets.cors, request.bucket)
    if not rules:
        raise NoSuchCors
    return xml_answer("CORSConfiguration", *(_told(rule) for rule in rules))


async def put_cors(request: S3Request, signature: Signature) -> web.Response:
    """Take these rules, in the place of others."""
    body = await read_document(request, signature)
    asked = await asyncio.to_thread(parse, body, "CORSConfiguration")
    if any(node.name != "CORSRule" for node in asked.children):
        raise malformed_xml()
    rules = [_rule(node) for node in asked.children]
    if not rules:
        raise malformed_xml()
    await asyncio.to_thread(request.buckets.put_cors, request.bucket, rules)
    return empty_answer()


async def delete_cors(request: S3Request, _: Signature) -> web.Response:
    """Forget the rules."""
    await asyncio.to_thread(request.buckets.put_cors, request.bucket, [])
    return empty_answer(HTTPStatus.NO_CONTENT)


def _rule(node: Node) -> CorsRule:
    if any(child.name not in _LISTS and child.name not in _OTHERS for child in node.children):
        raise malformed_xml()
    age = node.find("MaxAgeSeconds")
    if age is not None and not (age.strip().isascii() and age.strip().isdigit() and len(age) < 10):
        raise malformed_xml()
    lists = {
        field: [child.text.strip() for child in node.all(name)] for name, field in _LISTS.items()
    }
    return CorsRule(**lists, max_age_s=None if age is None else int(age), id=node.find("ID") or "")


def _told(rule: CorsRule) -> str:
    content = [text("ID", rule.id)] if rule.id else []
    for name, field in _LISTS.items():
        content += (text(name, value) for value in getattr(rule, field))
    if rule.max_age_s is not None:
        content.append(text("MaxAgeSeconds", rule.max_age_s))
    return element("CORSRule", *content)
