"""One signed request to a service in path style, past tusk: s3raw.py METHOD HOST:PORT/BUCKET/KEY [FILE]
FILE is sent with PUT and written with GET."""
import datetime
import hashlib
import hmac
import http.client
import os
import sys

method, place = sys.argv[1:3]
host, path = place.split("/", 1)
body = open(sys.argv[3], "rb").read() if method == "PUT" else b""
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
digest = hashlib.sha256(body).hexdigest()
scope = f"{now[:8]}/us-east-1/s3/aws4_request"
names = "host;x-amz-content-sha256;x-amz-date"
canonical = f"{method}\n/{path}\n\nhost:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{now}\n\n{names}\n{digest}"
to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
for part in scope.split("/"):
    key = hmac.new(key, part.encode(), "sha256").digest()
signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
authorization = f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={names}, Signature={signature}"
connection = http.client.HTTPConnection(host, timeout=60)
connection.request(method, "/" + path, body, {"x-amz-date": now, "x-amz-content-sha256": digest, "authorization": authorization})
answer = connection.getresponse()
content = answer.read()
if answer.status // 100 != 2:
    sys.exit(f"{method} {place}: {answer.status} {content[:500]!r}")
if method == "GET":
    open(sys.argv[3], "wb").write(content)
