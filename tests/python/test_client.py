"""An ordinary Python program's use of a server, through aetcd, a client that is not Go's."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import aetcd

START_LIMIT_S = 60


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Server:
    """One server process on loopback."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='python-', dir=os.environ['BRAID_TEST_WORK'])
        self.port, peer = free_ports(2)
        url, peer_url = f'http://127.0.0.1:{self.port}', f'http://127.0.0.1:{peer}'
        self.log = open(f'{self.folder}/log', 'wb')
        self.process = subprocess.Popen(
            [
                os.environ['BRAID_TEST_SERVER'],
                '--name=default', f'--data-dir={self.folder}/data', '--log-level=warn',
                f'--listen-client-urls={url}', f'--advertise-client-urls={url}',
                f'--listen-peer-urls={peer_url}', f'--initial-advertise-peer-urls={peer_url}',
                f'--initial-cluster=default={peer_url}',
            ],
            stdout=self.log, stderr=self.log,
        )

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


class ClientTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    async def asyncSetUp(self):
        self.client = aetcd.Client(host='127.0.0.1', port=self.server.port, timeout=START_LIMIT_S)
        await self.client.connect()
        self.addAsyncCleanup(self.client.close)
        await self.ready()
        await self.client.delete_range(b'\0', b'\0')

    async def ready(self):
        """Waits until the server answers."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                return await self.client.get(b'a')
            except aetcd.exceptions.ClientError:
                if time.monotonic() > deadline or self.server.process.poll() is not None:
                    raise
                await asyncio.sleep(0.05)

    async def test_put_get_delete(self):
        await self.client.put(b'a', b'1')
        self.assertEqual((await self.client.get(b'a')).value, b'1')
        previous = (await self.client.put(b'a', b'2', prev_kv=True)).prev_kv
        self.assertEqual(previous.value, b'1')
        self.assertTrue(await self.client.delete(b'a'))
        self.assertIsNone(await self.client.get(b'a'))

    async def test_prefix(self):
        for i in range(20):
            await self.client.put(f'p/{i:02}'.encode(), b'v')
        pairs = list(await self.client.get_prefix(b'p/'))
        self.assertEqual([p.key for p in pairs], [f'p/{i:02}'.encode() for i in range(20)])
        self.assertEqual((await self.client.delete_prefix(b'p/')).deleted, 20)

    async def test_transaction(self):
        await self.client.put(b'a', b'1')
        t = self.client.transactions
        done, _ = await self.client.transaction(
            compare=[t.value(b'a') == b'1', t.version(b'b') == 0],
            success=[t.put(b'b', b'2')], failure=[])
        self.assertTrue(done)
        done, answers = await self.client.transaction(
            compare=[t.version(b'b') == 0], success=[], failure=[t.get(b'b')])
        self.assertFalse(done)
        self.assertEqual(answers[0][0][0], b'2')

    async def test_watch(self):
        first = (await self.client.put(b'w', b'0')).header.revision
        watch = await self.client.watch(b'w', start_revision=first)
        await self.client.put(b'w', b'1')
        await self.client.delete(b'w')
        seen = []
        async for event in watch:
            seen.append((event.kind, event.kv.value))
            if len(seen) == 3:
                break
        await watch.cancel()
        put, delete = aetcd.EventKind.PUT, aetcd.EventKind.DELETE
        self.assertEqual(seen, [(put, b'0'), (put, b'1'), (delete, b'')])

    async def test_lease(self):
        lease = await self.client.lease(100)
        await self.client.put(b'l', b'1', lease=lease)
        self.assertEqual(list(await lease.keys()), [b'l'])
        self.assertGreater(await lease.remaining_ttl(), 0)
        await lease.refresh()
        await lease.revoke()
        self.assertIsNone(await self.client.get(b'l'))

    async def test_lock(self):
        lock = self.client.lock(b'lock', ttl=60)
        self.assertTrue(await lock.acquire())
        self.assertFalse(await self.client.lock(b'lock', ttl=60).acquire(timeout=1))
        self.assertTrue(await lock.release())

    async def test_status(self):
        self.assertEqual((await self.client.status()).version, '3.7.1')
        self.assertEqual([m.name async for m in self.client.members()], ['default'])


if __name__ == '__main__':
    unittest.main()
