"""The S3-compatible API of R2's buckets, on the REST API's own port.

- front.py: a request from its first byte to its answer; asked.py: which requests are S3's.
- request.py: where a request leads, and what it says; signature.py: whether the secret has signed
  it, for which credentials.py derives a key of the API's token; answers.py: what is answered.
- chunks.py, checksums.py and receiving.py: bodies, which are checked before anything is visible.
- operations.py: which operation it is; buckets.py, listings.py, objects.py, copies.py, uploads.py
  and bucket_cors.py: these.
- metadata.py, conditions.py, xml.py, xml_in.py: the forms that S3 gives to what
  `holdfast.storage.r2` has. errors.py: its codes.
- cors.py: what browsers ask, and are told.

Nothing but asked.py and credentials.py is imported before somebody asks by S3.

https://developers.cloudflare.com/r2/api/s3/api/
https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""
