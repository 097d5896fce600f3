"""Writes requests that botocore has signed, one JSON object a line, for sigv4_test."""
import json
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
PATHS = ["/", "/findings/import", "/a//b/../c/./d/", "/tags/arn%3Aaws%3Asqs%3Aus-east-1%3A000000000000%3Aq",
         "/%E2%82%AC/x%20y", "/a~b-_.c", "/2015-03-31/functions/f%3Aalias/invocations", "/a:b@c"]
QUERIES = ["", "?b=2&a=1", "?a=1&a=0&B=x", "?empty=&name", "?x=%20%2B%2F%C3%A9"]


def emit(request):
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in prepared.headers.items()}
    headers.setdefault("Host", parts.netloc)
    body = prepared.body or b""
    print(json.dumps({"method": prepared.method, "target": target, "headers": headers, "secret": SECRET,
                      "body": body.decode() if isinstance(body, bytes) else body}))


for token in (None, "session/token=="):
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    for path in PATHS:
        for query in QUERIES:
            request = AWSRequest(method="POST" if query else "GET", url="http://127.0.0.1:4747" + path + query,
                                 data='{"ä": "1"}'.encode(), headers={"X-Amz-Target": "A.B", "X-Odd": "a  b   c "})
            SigV4Auth(credentials, "securityhub", "us-east-1").add_auth(request)
            emit(request)
    request = AWSRequest(method="PUT", url="http://127.0.0.1:4747/bucket/a//b/%20c", data=b"x", headers={})
    S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    emit(request)
    request = AWSRequest(method="GET", url="http://127.0.0.1:4747/?Action=GetCallerIdentity&Version=2011-06-15")
    SigV4QueryAuth(credentials, "sts", "us-east-1", expires=60).add_auth(request)
    emit(request)
