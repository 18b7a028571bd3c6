package dev.faithdiff.convert.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

/** Archives made by the JDK and by hand, and their lies. */
class StoredZipTest {
    private static final String NAME = "m/data/0", CONTENT = "12345678";
    /** Local header, name and content of the one entry; then its directory entry, then the end. */
    private static final int CENTRAL = 30 + NAME.length() + CONTENT.length(), END = CENTRAL + 46 + NAME.length();

    private static Map<String, MemorySegment> read(byte[] zip) { return StoredZip.entries(Path.of("x.pt"), MemorySegment.ofArray(zip)); }

    private static String text(MemorySegment s) { return new String(s.toArray(ValueLayout.JAVA_BYTE)); }

    private static void refused(ByteBuffer zip, String reason) {
        assertThatThrownBy(() -> read(zip.array())).isInstanceOf(ConvertError.class).hasMessageStartingWith("x.pt: ").hasMessageContaining(reason);
    }

    private static void entry(ByteBuffer b, boolean central, int place) {
        b.putInt(central ? 0x02014b50 : 0x04034b50).putShort((short) 20);
        if (central) b.putShort((short) 20);
        b.putShort((short) 0).putShort((short) 0).putInt(0).putInt(0).putInt(CONTENT.length()).putInt(CONTENT.length());
        b.putShort((short) NAME.length()).putShort((short) 0);
        if (central) b.putShort((short) 0).putInt(0).putInt(0).putInt(place);
        b.put(NAME.getBytes());
    }

    /** One stored entry. */
    private static ByteBuffer small() {
        ByteBuffer b = ByteBuffer.allocate(END + 22).order(ByteOrder.LITTLE_ENDIAN);
        entry(b, false, 0);
        b.put(CONTENT.getBytes());
        entry(b, true, 0);
        b.putInt(0x06054b50).putInt(0).putShort((short) 1).putShort((short) 1).putInt(END - CENTRAL).putInt(CENTRAL).putShort((short) 0);
        return b;
    }

    @Test
    void readsAStoredEntry() {
        assertThat(read(small().array())).hasSize(1).hasEntrySatisfying(NAME, s -> assertThat(text(s)).isEqualTo(CONTENT));
    }

    @Test
    void refusesWhatTheJdkCompressed() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("m/data.pkl"));
            zip.write(new byte[1000]);
        }
        assertThatThrownBy(() -> read(out.toByteArray())).hasMessage("x.pt: entry m/data.pkl is compressed; torch.save stores its entries");
    }

    @Test
    void refusesLies() {
        refused(small().put(CENTRAL + 8, (byte) 1), "is encrypted");
        refused(small().putInt(CENTRAL + 20, 9).putInt(CENTRAL + 24, 9), "passes the end of the data");
        refused(small().putInt(CENTRAL + 24, 9), "is compressed");
        refused(small().putInt(CENTRAL + 42, 5), "is not where the directory says");
        refused(small().putInt(CENTRAL + 42, -2), "is not where the directory says");
        refused(small().put(30, (byte) 'x'), "has another name at its place");
        refused(small().putShort(END + 10, (short) 2), "claims 2 entries but lists 1");
        refused(small().putInt(END + 16, END), "has a directory that passes its end");
        refused(small().putShort(CENTRAL + 28, (short) -1), "passes the end of its directory");
        refused(small().putInt(CENTRAL + 20, -1).putInt(CENTRAL + 24, -1), "passes the end of the data");
    }

    @Test
    void refusesOverlappingEntries() {
        String other = "m/data/1";
        ByteBuffer b = ByteBuffer.allocate(2 * CENTRAL + 2 * (46 + NAME.length()) + 22 - CONTENT.length()).order(ByteOrder.LITTLE_ENDIAN);
        entry(b, false, 0); // its content begins with the header of the second entry
        int second = b.position();
        entry(b, false, 0);
        b.put(CONTENT.getBytes());
        b.put(second + 30, other.getBytes());
        int directory = b.position();
        entry(b, true, 0);
        entry(b, true, second);
        b.put(b.position() - NAME.length(), other.getBytes());
        int size = b.position() - directory;
        b.putInt(0x06054b50).putInt(0).putShort((short) 2).putShort((short) 2).putInt(size).putInt(directory).putShort((short) 0);
        refused(b, "entry m/data/1 overlaps m/data/0");
    }

    @Test
    void readsZip64() {
        ByteBuffer from = small(), b = ByteBuffer.allocate(END + 28 + 56 + 20 + 22).order(ByteOrder.LITTLE_ENDIAN);
        b.put(from.array(), 0, END);
        b.putInt(CENTRAL + 20, -1).putInt(CENTRAL + 24, -1).putInt(CENTRAL + 42, -1).putShort(CENTRAL + 30, (short) 28);
        b.putShort((short) 1).putShort((short) 24).putLong(CONTENT.length()).putLong(CONTENT.length()).putLong(0);
        int end64 = b.position();
        b.putInt(0x06064b50).putLong(44).putInt(0).putInt(0).putInt(0).putLong(1).putLong(1).putLong(end64 - CENTRAL).putLong(CENTRAL);
        b.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
        b.putInt(0x06054b50).putInt(0).putShort((short) -1).putShort((short) -1).putInt(-1).putInt(-1).putShort((short) 0);
        assertThat(text(read(b.array()).get(NAME))).isEqualTo(CONTENT);
        refused(b.putLong(CENTRAL + 46 + NAME.length() + 4, 1L << 40), "is compressed");
        refused(b.putLong(CENTRAL + 46 + NAME.length() + 12, 1L << 40), "passes the end of the data");
        refused(b.putLong(end64 + 48, Long.MAX_VALUE), "has a directory that passes its end");
    }
}
