package dev.faithdiff.tensor.io;

import static dev.faithdiff.tensor.io.SafeTensorsError.quote;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.faithdiff.tensor.host.IoReason;
import java.io.EOFException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** JSON from an untrusted file, one token at a time: standard JSON only, and no key twice in one object. */
final class StrictJson {
    /** Reads the value of one key. */
    interface Member {
        void read(String key) throws IOException;
    }

    private final Path file;
    private final String what;
    private final JsonReader json;

    /** @param what how messages call this text: "header" or "index" */
    StrictJson(Path file, String what, Reader text) {
        this.file = file;
        this.what = what;
        json = new JsonReader(text);
        json.setStrictness(Strictness.STRICT);
    }

    /** Reads the whole text as one object. */
    void document(Member member) {
        try {
            object("the " + what, member);
            if (json.peek() != JsonToken.END_DOCUMENT) throw error("has text after its end");
        } catch (CharacterCodingException e) {
            throw error("is not UTF-8");
        } catch (EOFException e) {
            throw error("is not complete JSON");
        } catch (MalformedJsonException e) {
            throw error("is not JSON: " + e.getMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw error("cannot be read: " + IoReason.of(e));
        }
    }

    void object(String name, Member member) throws IOException {
        expect(JsonToken.BEGIN_OBJECT, name);
        json.beginObject();
        Set<String> seen = new HashSet<>();
        while (json.hasNext()) {
            String key = json.nextName();
            if (!seen.add(key)) throw error("has " + quote(key) + " twice");
            member.read(key);
        }
        json.endObject();
    }

    String string(String name) throws IOException {
        expect(JsonToken.STRING, name);
        return json.nextString();
    }

    /** An array of at most {@code most} whole numbers from 0 to 2^63-1. */
    long[] counts(String name, int most) throws IOException {
        expect(JsonToken.BEGIN_ARRAY, name);
        json.beginArray();
        long[] values = new long[most];
        int n = 0;
        while (json.hasNext()) {
            if (n == most) throw error(name + " has more than " + most + " numbers");
            expect(JsonToken.NUMBER, name);
            String text = json.nextString();
            if (text.startsWith("-")) throw error(name + " has a negative number " + quote(text));
            try {
                values[n++] = Long.parseLong(text);
            } catch (NumberFormatException e) {
                throw error(name + " has " + quote(text) + ", not a whole number below 2^63");
            }
        }
        json.endArray();
        return Arrays.copyOf(values, n);
    }

    void skip() throws IOException { json.skipValue(); }

    SafeTensorsError error(String reason) { return new SafeTensorsError(file, what + " " + reason); }

    private void expect(JsonToken token, String name) throws IOException {
        JsonToken found = json.peek();
        if (found != token) throw error("has " + words(found) + " where " + name + " must be " + words(token));
    }

    private static String words(JsonToken token) {
        return token.name().toLowerCase(Locale.ROOT).replace("begin_", "").replace('_', ' ');
    }
}
