"""The catalog's errors, placed by who acted.

Exception
└── CatalogError
    ├── CatalogUnusable     the operator: the folder cannot be used as it is
    ├── ScriptNotFound      the client: it named a script that is not there
    ├── VersionNotFound     the client: it named a version that is not there
    ├── NamespaceNotFound   the client: it named a namespace that is not there
    └── UploadRejected      the client: what it sent cannot be made live

The API answers each of the client's with a message in Cloudflare's envelope.
"""

from enum import IntEnum


class ErrorCode(IntEnum):
    """Cloudflare's numbers for what can go wrong with an upload.

    https://developers.cloudflare.com/workers/observability/errors/
    """

    UNSUPPORTED_CONTENT_TYPE = 10001
    NOT_FOUND = 10007
    INVALID_SCRIPT_NAME = 10016
    DUPLICATE_ROUTE = 10020
    INVALID_SCRIPT = 10021
    INVALID_ROUTE = 10022
    SCRIPT_TOO_LARGE = 10027
    KEY_VALUE_NAMESPACE_NOT_FOUND = 10041
    BINDING_EXISTS = 10053
    BINDING_NOT_FOUND = 10056
    INVALID_INHERIT = 10057
    CLASS_NOT_FOUND = 10061
    STILL_IN_USE = 10064
    NAMESPACE_NOT_FOUND = 10066
    NO_HANDLERS = 10068
    CLASS_NOT_EXPORTED = 10070
    NAMESPACE_EXISTS = 10074
    MIGRATION_TAG = 10079
    BUCKET_NOT_FOUND = 10085
    INVALID_SCHEDULE = 10100
    SERVICE_NOT_FOUND = 10143
    D1_DATABASE_NOT_FOUND = 10181
    VERSION_WITH_MIGRATION = 10211
    SETTINGS_NOT_DEPLOYED = 10214
    VERSION_NOT_DEPLOYED = 10215
    INCONSISTENT_EXPORTS = 100405


# Cloudflare's words for ErrorCode.NO_HANDLERS.
NO_HANDLERS = "The uploaded script has no registered event handlers."


class CatalogError(Exception):
    """The base of what the catalog raises."""


class CatalogUnusable(CatalogError):
    """The catalog cannot be opened or written; the message tells the operator why."""


class ScriptNotFound(CatalogError):
    """No script of this name was uploaded."""

    def __init__(self, name: str) -> None:
        super().__init__(f'There is no Worker named "{name}".')
        self.name = name


class VersionNotFound(CatalogError):
    """The script has no version of this id, or has none any more."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(f'The Worker "{name}" has no version with the id "{version}".')


class NamespaceNotFound(CatalogError):
    """No Durable Object namespace has this id."""

    def __init__(self, namespace_id: str) -> None:
        super().__init__(f'There is no Durable Object namespace with the id "{namespace_id}".')
        self.namespace_id = namespace_id


class UploadRejected(CatalogError):
    """An upload that is not made live; what was live before stays live.

    `code` is one of Cloudflare's numbers (`ErrorCode` has those that Holdfast
    uses) and `message` tells the uploader what to change, with the file and the
    line where there is one.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message


def rejected(message: str) -> UploadRejected:
    """The error for an upload that is wrong in a way which has no number of its own."""
    return UploadRejected(ErrorCode.INVALID_SCRIPT, message)
