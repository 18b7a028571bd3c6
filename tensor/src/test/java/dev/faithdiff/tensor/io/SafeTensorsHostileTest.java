package dev.faithdiff.tensor.io;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.io.SafeTensors.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SafeTensorsHostileTest {
    @TempDir Path folder;

    /** Headers before eight bytes of data. */
    @ParameterizedTest @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}} | does not fit its type F32[3]
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}} | ends before it begins
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}} | passes the end of the data at 8
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | leaves a hole after 0
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | has 4 bytes after its last tensor
            {"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}} | overlaps the tensor before it
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | has "a" twice
            {"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}} | has "dtype" twice
            {"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}} | has dtype "F33" of tensor "a"
            {"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}} | has a negative number "-2"
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}} | has a negative number "-8"
            {"a":{"dtype":"F32","shape":[4294967298],"data_offsets":[0,8]}} | more than 2^31-1
            {"a":{"dtype":"F32","shape":[2147483647,2147483647,5],"data_offsets":[0,8]}} | is too large
            {"a":{"dtype":"F64","shape":[1073741824,1073741824,4],"data_offsets":[0,8]}} | does not fit its type
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}} | not a whole number below 2^63
            {"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}} | "2.0", not a whole number
            {"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}} | has string where the shape
            {"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}} | has number where the shape
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}} | needs two data_offsets
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}} | has more than 2 numbers
            {"a":{"dtype":"F32","shape":[2]}} | lacks dtype, shape or data_offsets
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}} | unknown field "x"
            {"a":[]} | has array where tensor "a"
            {"__metadata__":{"a":1}} | has number where the metadata of "a"
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8] | is not complete JSON
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x | is not JSON
            {'a':{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | is not JSON
            {"\u00ff":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | is not UTF-8
            [1] | does not start with {
            """)
    void refusesWithOneLine(String header, String reason) throws IOException {
        Path file = file(header.length(), header, 8);
        assertThatThrownBy(() -> SafeTensors.open(file)).isInstanceOf(SafeTensorsError.class)
                .hasMessageStartingWith(file + ": ").hasMessageContaining(reason).hasMessageNotContainingAny("\n", "\r");
    }

    @Test void refusesWrongLengthsWithoutAllocatingThem() throws IOException {
        String good = "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}";
        SafeTensors.open(file(good.length(), good, 8)).close();
        for (long length : new long[] {1L << 60, -1, Long.MIN_VALUE, 100_000_001}) refuses(file(length, good, 8), "more than 100 MB");
        refuses(file(90_000_000, good, 8), "truncated?");
        refuses(file(0, good, 8), "does not start with {");
        refuses(file(good.length() - 1, good, 8), "is not complete JSON");
        refuses(Files.write(folder.resolve("empty.safetensors"), new byte[0]), "is 0 bytes");
        refuses(folder.resolve("none.safetensors"), "does not exist");
        refuses(folder.resolve("none.safetensors.index.json"), "does not exist");
    }

    @Test void aMessageStaysShort() throws IOException {
        String header = "{\"" + "\\u0007long".repeat(100_000) + "\":[]}";
        Throwable e = catchThrowable(() -> SafeTensors.open(file(header.length(), header, 8)));
        assertThat(e).isInstanceOf(SafeTensorsError.class);
        assertThat(e.getMessage()).hasSizeLessThan(1000).doesNotContain("\u0007");
    }

    @Tag("full")
    @Test void aDamagedFileOpensWholeOrNotAtAll() throws IOException {
        byte[] good = Files.readAllBytes(Fixtures.path("dtypes/same_tensor.safetensors"));
        Path path = folder.resolve("damaged.safetensors");
        Random random = new Random(7);
        int opened = 0, refused = 0;
        for (int round = 0; round < 600; round++) {
            Files.write(path, damaged(good, random));
            try (SafeTensors file = SafeTensors.open(path)) {
                for (Entry e : file.entries().values()) {
                    assertThat(e.data().byteSize()).isEqualTo(e.shape().count() * e.dtype().bytes());
                }
                opened++;
            } catch (SafeTensorsError e) {
                assertThat(e.getMessage()).doesNotContain("\n");
                refused++;
            }
        }
        assertThat(opened).isPositive();
        assertThat(refused).isPositive();
    }

    /** Changes, drops, repeats or cuts a few bytes, mostly in the header. */
    private static byte[] damaged(byte[] good, Random random) {
        byte[] bytes = good.clone();
        int header = 8 + (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
        for (int change = random.nextInt(3); change >= 0; change--) {
            int at = random.nextInt(random.nextInt(8) == 0 ? bytes.length : Math.min(header, bytes.length));
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = (byte) "0123456789[]{}\",:-".charAt(random.nextInt(18));
                case 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 3 -> bytes = Arrays.copyOf(bytes, Math.max(1, bytes.length - random.nextInt(16)));
                default -> {
                    int length = Math.min(random.nextInt(1, 40), bytes.length - at);
                    System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, at, length);
                }
            }
        }
        return bytes;
    }

    private static void refuses(Path file, String reason) {
        assertThatThrownBy(() -> SafeTensors.open(file)).isInstanceOf(SafeTensorsError.class).hasMessageContaining(reason);
    }

    private Path file(long length, String header, int data) throws IOException {
        byte[] text = header.getBytes(ISO_8859_1);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(text);
        return Files.write(folder.resolve("x.safetensors"), bytes.array());
    }
}
