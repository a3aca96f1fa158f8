#!/usr/bin/python3
"""A player's day on a phone, a laptop and a tablet, each a process of its own (story_device.cc) before a real service.

The phone reaches the service through a network that can fail. Each step waits for what must come, and the story ends with 0
only if every step of it is true. Usage: story.py BUILD-FOLDER; story.sh builds what is missing.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import sys
import tempfile

import botocore.exceptions
import botocore.session

SECONDS = 100  # for all of it; it takes a few unless something is broken
PROVIDER = "players.story"
PLAYER = "ada"


class Broken(Exception):
    """What should hold, and does not."""


def check(holds, what):
    if not holds:
        raise Broken(f"this should hold, but does not: {what}")


def pairs(words):
    return dict(word.split("=", 1) for word in words)


def clean_environment(**more):
    """Without settings that somebody happens to have exported."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SYNCLINE_", "AWS_"))} | more


class Backend:
    """The app's own server: it knows the players, and has the developer key of the service."""

    def __init__(self, service, pool):
        self.pool = pool
        self.asked = 0
        self.service = botocore.session.Session().create_client(
            "cognito-identity", region_name=service["region"], endpoint_url=service["endpoint"],
            aws_access_key_id=service["access_key_id"], aws_secret_access_key=service["secret_access_key"])

    def token(self, player, guest=None):
        """(identity, token) of a player, whom the guest becomes if the player is new."""
        self.asked += 1
        user = {"IdentityPoolId": self.pool, "Logins": {PROVIDER: player}}
        try:
            linked = {"IdentityId": guest} if guest else {}
            answer = self.service.get_open_id_token_for_developer_identity(**user, **linked)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "DeveloperUserAlreadyRegisteredException":
                raise
            answer = self.service.get_open_id_token_for_developer_identity(**user)
        return answer["IdentityId"], answer["Token"]


class Network:
    """The phone's way to the service. In a tunnel what it sends still arrives, and no answer comes back."""

    async def start(self, endpoint):
        self.host, self.port = endpoint.removeprefix("http://").rsplit(":", 1)
        self.answers = asyncio.Event()
        self.server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        self.endpoint = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        self.restore()

    def restore(self):
        self.there = True
        self.answers.set()

    def enter_tunnel(self):
        self.answers.clear()

    def go_away(self):
        self.there = False

    async def connected(self, from_phone, to_phone):
        if not self.there:
            return to_phone.close()
        from_service, to_service = await asyncio.open_connection(self.host, self.port)
        await asyncio.gather(self.carry(from_phone, to_service), self.carry(from_service, to_phone, self.answers))

    @staticmethod
    async def carry(source, target, gate=None):
        with contextlib.suppress(ConnectionError):  # who dies hangs up without a word
            while data := await source.read(65536):
                if gate:
                    await gate.wait()
                target.write(data)
                await target.drain()
        target.close()


class Device:
    """A story_device: told what to do, and listened to."""

    def __init__(self, name, process, backend):
        self.name, self.process, self.backend = name, process, backend
        self.said = []
        self.learned = {}  # from other devices

    async def hear(self):
        """The next line's words; none: it has ended."""
        words = (await self.process.stdout.readline()).decode().split()
        self.said.append(" ".join(words))
        if words[:1] == ["token?"]:
            self.tell("token", *self.backend.token(*words[1:]))
        if words[:1] == ["changed"]:
            self.learned |= pairs(words[1:])
        return words

    def tell(self, *words):
        self.process.stdin.write((" ".join(words) + "\n").encode())

    async def until(self, *beginning):
        """The rest of the next line that begins with these words; "*" is any."""
        while words := await self.hear():
            if len(words) >= len(beginning) and all(wanted in ("*", word) for wanted, word in zip(beginning, words)):
                return words[len(beginning):]
        raise Broken(f"the {self.name} ended before it said '{' '.join(beginning)}'")

    async def until_learned(self, **values):
        while not values.items() <= self.learned.items():
            check(await self.hear(), f"the {self.name} learns {values}")

    async def put(self, **values):
        self.tell("put", *(word for pair in values.items() for word in pair))
        await self.until("kept")

    async def holds(self):
        self.tell("show")
        return pairs(await self.until("holds"))

    async def ended(self):
        while await self.hear():
            pass
        return await self.process.wait()

    async def close(self):
        self.process.stdin.close()
        check(await self.ended() == 0, f"the {self.name} ends well")


class Story:
    """The service, the app's backend, and the devices."""

    def __init__(self, build, folder):
        self.syncline = build / "src/cli/syncline"
        self.device = build / "samples/story_device"
        self.folder = folder
        self.processes = []
        self.devices = []
        self.network = Network()

    async def spawn(self, *command, **options):
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, **options)
        self.processes.append(process)
        return process

    async def open(self):
        data = self.folder / "service"
        with open(self.folder / "log", "wb") as log:
            self.service = await self.spawn(self.syncline, "serve", "--listen", "127.0.0.1:0", "--data", data, stderr=log,
                                            env=clean_environment())
        self.ready = json.loads(await self.service.stdout.readline())
        make_pool = await self.spawn(self.syncline, "admin", "pools", "create", "story", "--guests", "true",
                                     "--developer-provider", PROVIDER, "--data", data, "--json", env=clean_environment())
        self.pool = json.loads((await make_pool.communicate())[0])["IdentityPoolId"]
        self.backend = Backend(self.ready, self.pool)
        await self.network.start(self.ready["endpoint"])

    async def start(self, name, player=None):
        """A device with the data directory of this name, and whose identity it starts with."""
        environment = clean_environment(
            SYNCLINE_ENDPOINT=self.network.endpoint if name == "phone" else self.ready["endpoint"],
            SYNCLINE_REGION=self.ready["region"], SYNCLINE_POOL=self.pool)
        who = [player] if player else []
        device = Device(name, await self.spawn(self.device, self.folder / name, name, *who, env=environment), self.backend)
        self.devices.append(device)
        return device, (await device.until("started"))[0]

    async def sign_in(self, device):
        device.tell("sign-in", PLAYER)
        identity, moved = await device.until("signed-in")
        return identity, int(moved)

    async def kill_all(self):
        for process in self.processes:
            if process.returncode is None:
                process.kill()
                await process.wait()

    # --- what happens -------------------------------------------------------------------------------------------------

    async def play(self):
        await self.a_guest_becomes_the_player()
        await self.another_guest_merges_into_the_player()
        await self.the_player_chooses()
        await self.the_laptop_wakes_the_phone()
        await self.the_phone_is_killed_in_a_tunnel()
        await self.nothing_is_lost()
        await self.all_are_equal()

    async def a_guest_becomes_the_player(self):
        print("Somebody plays on a phone, as a guest. Nobody was asked who it is.")
        self.phone, who = await self.start("phone")
        check(who == "nobody", "a new device is nobody's")
        await self.phone.put(score="120", level="3", name="Phoenix")
        await self.phone.until("status", "idle", "0")
        check(self.backend.asked == 0, "a guest needs no token")

        print("The guest signs in, for the first time anywhere: the data stays where it is, and is Ada's now.")
        self.ada, moved = await self.sign_in(self.phone)
        check(moved == 0, "nothing has to move: the guest's identity has become Ada's")
        check(await self.phone.holds() == {"score": "120", "level": "3", "name": "Phoenix"}, "the phone holds what it did")

    async def another_guest_merges_into_the_player(self):
        print("On a laptop she plays as a guest as well, with more luck, and signs in there too:")
        self.laptop, _ = await self.start("laptop")
        await self.laptop.put(score="150", level="2", name="Countess", hat="red")
        await self.laptop.until("status", "idle", "0")
        identity, moved = await self.sign_in(self.laptop)
        check(identity == self.ada, "it is the identity that the phone has")
        check(moved == 4, "the four records of the laptop's guest move")

        await self.laptop.until("status", "conflict", "1")
        check(await self.laptop.holds() == {"score": "150", "level": "3", "name": "Countess", "hat": "red"},
              "the higher score and level are kept, and the laptop's name until she has chosen")
        await self.phone.until_learned(score="150", hat="red")
        print("  The higher score and the higher level are kept, the hat comes along; which name, the player is to say.")

    async def the_player_chooses(self):
        await self.laptop.close()
        print("The next day the laptop starts again. It knows who plays, asks for no token, and the choice still waits:")
        self.laptop, who = await self.start("laptop", PLAYER)
        check(who == self.ada, "the laptop starts as Ada's")
        waiting = await self.laptop.until("conflict")
        check(waiting == ["name", "Countess", "Phoenix"], f"it is between the two names, not {waiting}")
        self.laptop.tell("choose", "name", "Ada")
        await self.laptop.until("kept")
        await self.phone.until_learned(name="Ada")
        print("  Countess or Phoenix? Neither: Ada. The phone shows it at once.")

    async def the_laptop_wakes_the_phone(self):
        print("The phone lies on the table, and does nothing but hold its stream of changes open.")
        await self.laptop.put(level="4")
        await self.phone.until_learned(level="4")
        print("  The laptop reaches level 4, and the phone has it.")

    async def the_phone_is_killed_in_a_tunnel(self):
        print("She plays on the phone, in a train that enters a tunnel. The system suspends the game, which flushes:")
        self.network.enter_tunnel()
        await self.phone.put(score="200", coins="40")
        self.phone.tell("suspend", "30000")
        await self.phone.until("suspending")
        await self.laptop.until_learned(score="200", coins="40")
        print("  The service has taken it, as the laptop shows; the phone can't know that, as the answer does not arrive.")
        await self.phone.put(score="230", diary="tunnel")
        pid = self.phone.process.pid
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        print("  It saves once more, and is suspended in the middle of it all. Meanwhile the laptop goes on to level 5.")
        await self.laptop.put(level="5", hat="blue")
        await self.laptop.until("status", "idle", "0")
        self.phone.process.kill()
        check(await self.phone.ended() == -signal.SIGKILL, "the phone is killed")
        check(not any(line.startswith("left") for line in self.phone.said), "the flush had not ended")
        print("  The system needs the memory, and kills the phone's game.")

    async def nothing_is_lost(self):
        self.network.go_away()
        print("The game is started again, still without a network. All that was ever saved is there:")
        self.phone, who = await self.start("phone", PLAYER)
        check(who == self.ada, "the phone starts as Ada's, offline")
        await self.phone.until("status", "*", "3", "network")
        check(await self.phone.holds() == {"score": "230", "level": "4", "name": "Ada", "hat": "red", "coins": "40",
                                           "diary": "tunnel"}, "the phone holds what it last wrote and knew")
        print("  score 230, 40 coins and the diary wait to be sent.")

        self.network.restore()
        await self.phone.until("status", "idle", "0")
        await self.phone.until_learned(level="5", hat="blue")
        await self.laptop.until_learned(score="230", diary="tunnel")
        print("The train is out of the tunnel: the phone sends them, and nobody is asked anything.")

    async def all_are_equal(self):
        expected = {"score": "230", "level": "5", "name": "Ada", "hat": "blue", "coins": "40", "diary": "tunnel"}
        tablet, who = await self.start("tablet", PLAYER)
        check(who == "nobody", "a new device is nobody's until it has asked")
        await tablet.until_learned(**expected)
        for device in (self.phone, self.laptop, tablet):
            check(await device.holds() == expected, f"the {device.name} holds {expected}")
            await device.close()
            check(not any(line.startswith("conflict") for line in device.said) or device is self.laptop,
                  "there was one conflict, on the laptop")
        check(self.backend.asked == 3, "each device had one token, for when it signed in")
        self.service.terminate()
        check(await self.service.wait() == 0, "the service ends well")
        print("Phone, laptop and a new tablet that she signs in on hold the same:")
        for key, value in sorted(expected.items()):
            print(f"  {key} = {value}")


async def main():
    if len(sys.argv) != 2:
        sys.exit("usage: story.py BUILD-FOLDER")
    sys.stdout.reconfigure(line_buffering=True)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    with tempfile.TemporaryDirectory(prefix="syncline-story-") as folder:
        story = Story(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder))
        try:
            async with asyncio.timeout(SECONDS):
                await story.open()
                await story.play()
        except Exception:
            for device in story.devices:
                print(f"--- the {device.name} said:", *device.said, sep="\n  ", file=sys.stderr)
            print("--- the service said:", (story.folder / "log").read_text(), sep="\n", file=sys.stderr)
            raise
        finally:
            await story.kill_all()


if __name__ == "__main__":
    asyncio.run(main())
