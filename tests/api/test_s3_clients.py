"""AWS's own SDK for Python, where it is installed."""

import asyncio
import io
import os

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")


@pytest.fixture
def client(s3):
    return boto3.client(
        "s3",
        endpoint_url=s3.base,
        region_name="auto",
        aws_access_key_id=s3.signer.key_id,
        aws_secret_access_key=s3.signer.secret,
    )


async def test_boto3_does_what_its_users_do(client):
    await asyncio.to_thread(use, client)


def use(client):
    client.create_bucket(Bucket="other")
    assert [one["Name"] for one in client.list_buckets()["Buckets"]] == ["files", "other"]
    key = "a b+c/ü~.txt"
    client.put_object(Bucket="files", Key=key, Body=b"hello", Metadata={"Foo": "bar"})
    got = client.get_object(Bucket="files", Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (b"hello", {"foo": "bar"})
    with pytest.raises(client.exceptions.NoSuchKey):
        client.get_object(Bucket="files", Key="none")
    large = os.urandom(9 << 20)  # in two parts
    client.upload_fileobj(io.BytesIO(large), "files", "large")
    client.copy({"Bucket": "files", "Key": "large"}, "other", "copy")
    back = io.BytesIO()
    client.download_fileobj("other", "copy", back)
    assert back.getvalue() == large
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket="files", PaginationConfig={"PageSize": 1}
    )
    assert [one["Key"] for page in pages for one in page["Contents"]] == [key, "large"]
    named = {"Objects": [{"Key": key}, {"Key": "large"}]}
    assert len(client.delete_objects(Bucket="files", Delete=named)["Deleted"]) == 2
    client.delete_bucket(Bucket="files")
