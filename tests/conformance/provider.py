"""An OpenID Connect provider that the tests play: a key pair of the openssl command's, its JWKS file, and its tokens."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

PROVIDER = "login.example.com"
AUDIENCE = "game-app"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """`config` is what the service has to be told of it."""

    def __init__(self, name=PROVIDER):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="syncline-provider-")
        self.key = os.path.join(self.folder, "key.pem")
        self.jwks = os.path.join(self.folder, "jwks.json")
        self.rotate("first")

    def rotate(self, key_id):
        self.key_id = key_id
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True,
                                 capture_output=True, text=True).stdout.strip().removeprefix("Modulus=")
        key = {"kty": "RSA", "kid": key_id, "use": "sig", "alg": "RS256", "n": encoded(bytes.fromhex(modulus)),
               "e": "AQAB"}
        with open(self.jwks, "w", encoding="utf-8") as file:
            json.dump({"keys": [key]}, file)

    def token(self, subject, **changes):
        claims = {"iss": f"https://{self.name}", "aud": AUDIENCE, "sub": subject, "exp": int(time.time()) + 600, **changes}
        text = (encoded(json.dumps({"alg": "RS256", "kid": self.key_id}).encode()) + "."
                + encoded(json.dumps(claims).encode()))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True,
                                   capture_output=True).stdout
        return {self.name: text + "." + encoded(signature)}

    @property
    def config(self):
        return f'[openid."{self.name}"]\njwks = "{self.jwks}"\n'

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
