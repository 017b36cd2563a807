"""A person with a stock Telegram client that nobody here wrote: signs in by phone and code, talks, reports the answers.

Usage: person.py '<task as JSON>'. The task names the server, the account, the transport and what to say:

    {"address": "127.0.0.1:30123", "key_file": "…/public_key.pem", "control_url": "http://127.0.0.1:30124",
     "account": 700000004, "phone": "+15550000004", "transport": "abridged",
     "lines": [{"to": "clara_bot", "text": "hello", "answers": 1}, {"to": -1001000000001, "text": "hi", "answers": 1}]}

`to` is a public name or a chat's id; `answers` is how many messages to wait for before the next line. Prints one JSON
object: {"answers": [["…"], ["…"]]}, what came back after each line, in order.
"""

import asyncio
import json
import sys
import urllib.request

from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.network import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpObfuscated,
)
from telethon.sessions import MemorySession

TRANSPORTS = {
    "full": ConnectionTcpFull,
    "abridged": ConnectionTcpAbridged,
    "intermediate": ConnectionTcpIntermediate,
    "obfuscated": ConnectionTcpObfuscated,
}
PATIENCE_SECONDS = 30


def login_code(task):
    """What the emulator sent to the account's other devices."""
    with urllib.request.urlopen(f"{task['control_url']}/accounts/{task['account']}/code") as answer:
        return json.load(answer)["code"]


async def talk(task):
    with open(task["key_file"], encoding="utf-8") as file:
        rsa.add_key(file.read(), old=False)
    host, port = task["address"].rsplit(":", 1)
    session = MemorySession()
    session.set_dc(2, host, int(port))
    client = TelegramClient(session, 1, "hash", connection=TRANSPORTS[task["transport"]])
    await client.connect()
    await client.send_code_request(task["phone"])
    me = await client.sign_in(task["phone"], login_code(task))
    assert me.id == task["account"], f"signed in as {me.id}"
    # Telethon knows how to address a group only once it has seen it.
    await client.get_dialogs()

    heard = asyncio.Queue()

    @client.on(events.NewMessage(incoming=True))
    async def hear(event):
        await heard.put((event.chat_id, event.raw_text))

    answers = []
    for line in task["lines"]:
        chat = await client.get_input_entity(line["to"])
        sent = await client.send_message(chat, line["text"])
        answers.append([])
        while len(answers[-1]) < line["answers"]:
            where, text = await asyncio.wait_for(heard.get(), PATIENCE_SECONDS)
            # Others talk in groups, too; only this chat's messages count.
            if where == sent.chat_id:
                answers[-1].append(text)
    await client.disconnect()
    return {"answers": answers}


print(json.dumps(asyncio.run(talk(json.loads(sys.argv[1]))), ensure_ascii=False))
