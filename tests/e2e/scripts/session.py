"""A session of the SDK: its bucket and role, and files to and from S3."""

import json
import os

import boto3
import sagemaker
from sagemaker.s3 import S3Downloader, S3Uploader

sess = sagemaker.Session()
bucket = sess.default_bucket()
role = sagemaker.get_execution_role()

os.makedirs("up/deep", exist_ok=True)
for name, text in {"a.txt": "first", "deep/b c.txt": "second é", "empty": ""}.items():
    with open(os.path.join("up", name), "w") as file:
        file.write(text)

one = sess.upload_data("up/a.txt", key_prefix="session/one")
folder = sess.upload_data("up", bucket=bucket, key_prefix="session/all")
text_uri = S3Uploader.upload_string_as_file_body("as text", f"s3://{bucket}/session/text.txt")
S3Uploader.upload("up", f"s3://{bucket}/session/uploader")

sess.download_data("down", bucket=bucket, key_prefix="session/all")
S3Downloader.download(f"s3://{bucket}/session/all", "down2")
down = {}
for at in ("down", "down2"):
    for path, _, names in os.walk(at):
        for name in names:
            full = os.path.join(path, name)
            with open(full) as file:
                down[full] = file.read()

print(
    json.dumps(
        {
            "bucket": bucket,
            "role": role,
            "region": sess.boto_region_name,
            "account": boto3.client("sts").get_caller_identity()["Account"],
            "uris": [one, folder, text_uri],
            "listed": sorted(S3Downloader.list(f"s3://{bucket}/session")),
            "by_session": sorted(sess.list_s3_files(bucket, "session/all")),
            "text": S3Downloader.read_file(text_uri),
            "text_by_session": sess.read_s3_file(bucket, "session/text.txt"),
            "down": down,
        }
    )
)
