// What a Java program does with Apache Commons Net: one login, then transfers in both types. Says what it has done.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPClient;
import org.apache.commons.net.ftp.FTPFile;
import org.apache.commons.net.ftp.FTPSClient;
import org.apache.commons.net.util.TrustManagerUtils;

public class Transfers {
    private static final int LARGE = 5_000_003;
    private static final int MANY = 200;

    private final FTPClient ftp;

    private Transfers(FTPClient ftp) {
        this.ftp = ftp;
    }

    /** Arguments: the listener as the tests call it, host, port, user, password, an empty folder. */
    public static void main(String[] args) throws Exception {
        FTPClient ftp = clientFor(args[0]);
        ftp.connect(args[1], Integer.parseInt(args[2]));
        Transfers transfers = new Transfers(ftp);
        transfers.done("login", ftp.login(args[3], args[4]));
        if (ftp instanceof FTPSClient) {
            FTPSClient secure = (FTPSClient) ftp;
            secure.execPBSZ(0);
            secure.execPROT("P");
        }
        ftp.enterLocalPassiveMode();
        transfers.done("cwd", ftp.changeWorkingDirectory(args[5]));
        transfers.text();
        transfers.done("type", ftp.setFileType(FTP.BINARY_FILE_TYPE));
        transfers.image();
        transfers.many();
        ftp.logout();
        ftp.disconnect();
    }

    private static FTPClient clientFor(String listener) {
        if (listener.equals("ftp")) return new FTPClient();
        FTPSClient secure = new FTPSClient(listener.equals("ftps"));
        secure.setTrustManager(TrustManagerUtils.getAcceptAllTrustManager());
        return secure;
    }

    /** Commons Net begins in TYPE A, and turns its lines into those of the network by itself. */
    private void text() throws IOException {
        byte[] text = "one\ntwo\n".getBytes(StandardCharsets.US_ASCII);
        done("put text", ftp.storeFile("text.txt", new ByteArrayInputStream(text)));
        same("get text", text, get("text.txt"));
    }

    private void image() throws IOException {
        byte[] content = new byte[LARGE];
        new Random(1).nextBytes(content);
        done("put", ftp.storeFile("large.bin", new ByteArrayInputStream(content)));
        same("get", content, get("large.bin"));
        int half = LARGE / 2;
        ftp.setRestartOffset(half);
        same("resume get", Arrays.copyOfRange(content, half, LARGE), get("large.bin"));
        done("put half", ftp.storeFile("resumed.bin", new ByteArrayInputStream(content, 0, half)));
        ftp.setRestartOffset(half);
        done("resume put", ftp.storeFile("resumed.bin", new ByteArrayInputStream(content, half, LARGE - half)));
        same("get resumed", content, get("resumed.bin"));
        done("append", ftp.appendFile("text.txt", new ByteArrayInputStream(new byte[3])));
        done("put unique", ftp.storeUniqueFile(new ByteArrayInputStream(new byte[0])));
        done("rename", ftp.rename("resumed.bin", "renamed.bin"));
        done("delete", ftp.deleteFile("renamed.bin"));
    }

    private void many() throws IOException {
        done("mkdir", ftp.makeDirectory("many") && ftp.changeWorkingDirectory("many"));
        for (int index = 0; index < MANY; index += 1)
            done("put", ftp.storeFile("file " + index, new ByteArrayInputStream(new byte[index])));
        long bytes = 0;
        for (FTPFile file : ftp.listFiles()) bytes += file.getSize();
        long named = 0;
        for (FTPFile file : ftp.mlistDir()) named += file.getSize();
        long expected = (long) MANY * (MANY - 1) / 2;
        done("list", bytes == expected && named == expected);
        for (String name : ftp.listNames()) done("delete", ftp.deleteFile(name));
        done("rmdir", ftp.changeToParentDirectory() && ftp.removeDirectory("many"));
    }

    private byte[] get(String name) throws IOException {
        ByteArrayOutputStream into = new ByteArrayOutputStream();
        done("get", ftp.retrieveFile(name, into));
        return into.toByteArray();
    }

    private void same(String what, byte[] expected, byte[] got) {
        done(what + " unchanged", Arrays.equals(expected, got));
    }

    private void done(String what, boolean well) {
        if (!well) throw new IllegalStateException(what + ": " + ftp.getReplyString());
        System.out.println(what);
    }
}
