"""What can go wrong with buckets and objects: Cloudflare's numbers and words.

Each class is one number: `code`, the status of an HTTP answer, and the message.

R2Error                 (10001 itself: the server's fault, or the disk's)
├── NoSuchBucket, BucketExists, BucketNotEmpty, InvalidBucketName
├── NoSuchKey, InvalidObjectName, MetadataTooLarge, InvalidStorageClass
├── EntityTooLarge, BadDigest, PreconditionFailed, InvalidRange, InvalidMaxKeys, TooManyKeys
├── NoSuchUpload, InvalidPart, EntityTooSmall, BadUpload
├── NoSuchCors, InvalidCors
└── NoRoom              the disk is full; nothing was changed

https://developers.cloudflare.com/r2/api/error-codes/
"""


class R2Error(Exception):
    """An operation that was not done."""

    code = 10001
    status = 500
    message = "We encountered an internal error. Please try again."

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.message
        super().__init__(f"{self.message} ({self.code})")


class BucketExists(R2Error):
    """A bucket of this name was created before."""

    code, status = 10004, 409
    message = "The bucket you tried to create already exists, and you own it."


class InvalidBucketName(R2Error):
    """No bucket can have this name."""

    code, status = 10005, 400
    message = (
        "The specified bucket name is not valid: it has 3 to 63 lowercase letters, digits and "
        "hyphens, and begins and ends with a letter or a digit."
    )


class NoSuchBucket(R2Error):
    """There is no bucket of this name."""

    code, status, message = 10006, 404, "The specified bucket does not exist."


class NoSuchKey(R2Error):
    """The bucket has no object of this key."""

    code, status, message = 10007, 404, "The specified key does not exist."


class BucketNotEmpty(R2Error):
    """A bucket that holds objects is not deleted."""

    code, status = 10008, 409
    message = "The bucket you tried to delete is not empty: delete its objects first."


class EntityTooSmall(R2Error):
    """A part of an upload, other than the last one, is too small."""

    code, status = 10011, 400
    message = "Your proposed upload is smaller than the minimum allowed object size."


class MetadataTooLarge(R2Error):
    """An object's own metadata are too large."""

    code, status = 10012, 400
    message = "Your metadata headers exceed the maximum allowed metadata size."


class InvalidObjectName(R2Error):
    """No object can have this key."""

    code, status, message = 10020, 400, "The specified object name is not valid."


class InvalidMaxKeys(R2Error):
    """A listing's limit is none."""

    code, status, message = 10022, 400, "MaxKeys params must be positive integer <= 1000."


class NoSuchUpload(R2Error):
    """An upload in parts that has ended, or never began."""

    code, status, message = 10024, 400, "The specified multipart upload does not exist."


class InvalidPart(R2Error):
    """A part that was not uploaded, or was replaced."""

    code, status = 10025, 400
    message = "One or more of the specified parts could not be found."


class TooManyKeys(R2Error):
    """More keys than one call deletes."""

    code, status, message = 10029, 400, "A call deletes 1000 keys at most."


class InvalidStorageClass(R2Error):
    """A class that R2 does not have."""

    code, status = 10029, 400
    message = 'A storage class is "Standard" or "InfrequentAccess".'


class PreconditionFailed(R2Error):
    """The object, or its absence, does not meet a condition."""

    code, status = 10031, 412
    message = "At least one of the pre-conditions you specified did not hold."


class BadDigest(R2Error):
    """What came is not what the checksum is of."""

    code, status = 10037, 400

    def __init__(self, algorithm: str, given: str, found: str) -> None:
        super().__init__(
            f"The {algorithm} checksum you specified did not match what we received.\n"
            f"You provided a {algorithm} checksum with value: {given}\n"
            f"Actual {algorithm} was: {found}"
        )


class InvalidRange(R2Error):
    """Bytes that the object does not have."""

    code, status, message = 10039, 416, "The requested range is not satisfiable"


class BadUpload(R2Error):
    """The parts do not make an object: all but the last one have one size."""

    code, status, message = 10048, 400, "There was a problem with the multipart upload."


class InvalidCors(R2Error):
    """Rules that no bucket can have; the message tells which."""

    code, status = 10040, 400


class NoSuchCors(R2Error):
    """A bucket has no CORS rules."""

    code, status, message = 10059, 404, "The CORS configuration does not exist."


class EntityTooLarge(R2Error):
    """More than an object, or a part of one, may have."""

    code, status = 100100, 400
    message = "Your proposed upload exceeds the maximum allowed object size."


class NoRoom(R2Error):
    """The server's disk is full; nothing was changed."""

    status = 507
    message = "There is no room left on the server's disk. Nothing was changed."
