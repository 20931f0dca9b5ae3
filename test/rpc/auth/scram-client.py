"""Logs in with the client of rpcgen: a second SCRAM-SHA-256, after RFC 5802, that shares nothing with ours.

scram-client.py CTRL-CLIENT PLACE PASSWORD COMMAND [ARGUMENT ...]
Exit status and output are those of the client, after the role; 9 if the server does not prove itself.
"""
import base64, hashlib, hmac, os, subprocess, sys

program, place, password, *command = sys.argv[1:]
client = subprocess.Popen([program, place, "login", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(message):
    client.stdin.write(message + "\n")
    client.stdin.flush()
    line = client.stdout.readline().rstrip("\n")
    if "|" in line or not line:
        print(line)
        sys.exit(client.wait())
    return line.split(" ")


def mac(key, text):
    return hmac.new(key, text.encode() if isinstance(text, str) else text, hashlib.sha256).digest()


bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()
challenge, _ = ask("n,," + bare)
nonce, salt, count = (part[2:] for part in challenge.split(","))
salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(count))
without_proof = "c=" + base64.b64encode(b"n,,").decode() + ",r=" + nonce
text = ",".join([bare, challenge, without_proof])
key = mac(salted, "Client Key")
signature = mac(hashlib.sha256(key).digest(), text)
proof = bytes(a ^ b for a, b in zip(key, signature))
answer, role = ask(without_proof + ",p=" + base64.b64encode(proof).decode())
if answer != "v=" + base64.b64encode(mac(mac(salted, "Server Key"), text)).decode():
    sys.exit(9)
print(role)
# Not communicate(): it forgets what the last readline() has read too much.
print(client.stdout.read(), end="")
sys.exit(client.wait())
