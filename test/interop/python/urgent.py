"""ABOR as clients send it: behind telnet's IP and a Synch, with this or that byte as TCP urgent data, which Node cannot send."""
import ftplib
import socket

import job

IP, SYNCH, LINE = b"\xff\xf4", b"\xff\xf2", b"ABOR\r\n"
SIZE = 64 * 1024 * 1024

# What is sent, each part with its last byte urgent or not.
SHAPES = [
    [(LINE, False)],
    [(LINE, True)],
    [(IP + SYNCH + LINE, False)],
    [(IP + b"\xff", True), (b"\xf2" + LINE, False)],
    [(IP + SYNCH, True), (LINE, False)],
    [(IP, True), (SYNCH + LINE, False)],
    [(IP, True), (SYNCH, True), (LINE, False)],
    [(IP, False), (SYNCH, True), (LINE, False)],
    [(LINE[:-1], False), (b"\n", True)],
]


def send(sock, shape):
    for part, urgent in shape:
        sock.sendall(part, socket.MSG_OOB if urgent else 0)


def expect(ftp, *codes):
    for code in codes:
        got = ftp.getmultiline()
        assert got.startswith(code), (code, got)


def passive(ftp):
    host, port = ftp.makepasv()
    return socket.create_connection((host, port))


def check(ftp, shape):
    # Nothing runs.
    send(ftp.sock, shape)
    expect(ftp, "226")
    # The server waits for the data connection.
    ftp.makepasv()
    ftp.putcmd("RETR big")
    send(ftp.sock, shape)
    expect(ftp, "150", "426", "226")
    # Data flows, down and up.
    with passive(ftp) as data:
        ftp.putcmd("RETR big")
        expect(ftp, "150")
        assert data.recv(1)
        send(ftp.sock, shape)
        expect(ftp, "426", "226")
    with passive(ftp) as data:
        ftp.putcmd("STOR cut")
        expect(ftp, "150")
        data.sendall(b"x")
        send(ftp.sock, shape)
        expect(ftp, "426", "226")
    # It is over.
    with passive(ftp) as data:
        ftp.putcmd("STOR whole")
        data.sendall(b"x")
    expect(ftp, "150", "226")
    send(ftp.sock, shape)
    expect(ftp, "226")
    assert ftp.voidcmd("NOOP") == "200 OK."


def main():
    given = job.read_job()
    for shape in SHAPES:
        ftp = ftplib.FTP()
        ftp.connect(given["host"], given["port"], timeout=20)
        ftp.login(given["user"], given["password"])
        ftp.voidcmd("TYPE I")
        if shape is SHAPES[0]:
            with passive(ftp) as data:
                ftp.putcmd("STOR big")
                expect(ftp, "150")
                data.sendall(bytes(SIZE))
            expect(ftp, "226")
        try:
            check(ftp, shape)
        except BaseException as error:
            raise AssertionError(shape) from error
        ftp.quit()


main()
