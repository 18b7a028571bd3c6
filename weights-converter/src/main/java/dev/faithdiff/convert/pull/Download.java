package dev.faithdiff.convert.pull;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Fetches one file, however often the transfer breaks off: what came stays in a {@link PartialFile}, and the next request asks for the rest. */
final class Download {
    /** Tries without a new byte between them, and what lies between the first two; each later pause is twice as long. */
    private static final int TRIES = 5, FIRST_PAUSE = 1;
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
    private static final Pattern RANGE = Pattern.compile("bytes (?:(\\d{1,18})-\\d{1,18}|\\*)/(\\d{1,18}|\\*)");

    /** How a fetched file was checked. */
    enum Check {
        /** The registry holds its SHA-256. */
        REGISTRY,
        /** An earlier pull of the same model recorded it. */
        EARLIER,
        /** The server told it. */
        SERVER,
        /** Nobody knows one. */
        NONE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** A file that is there. */
    record Fetched(String sha256, Check check) {}

    /** A server that is busy. @param pause what it asks for, or null */
    private static final class Busy extends IOException {
        private static final long serialVersionUID = 1L;
        private final transient Duration pause;

        Busy(int status, Duration pause) {
            super("is busy (" + status + ")");
            this.pause = pause;
        }
    }

    private final Web web;
    private final TransferLine line;
    private final String name;
    private final URI address;
    private final PartialFile part;
    private final String expected;
    private final Check check;
    private String told;

    /** @param name what messages call the file. @param expected its SHA-256, or null where none is known. @param check who knows it */
    Download(Web web, TransferLine line, String name, URI address, Path to, String expected, Check check) {
        this.web = web;
        this.line = line;
        this.name = name;
        this.address = address;
        part = new PartialFile(to);
        this.expected = expected;
        this.check = check;
    }

    /** Fetches the file. @throws ConvertError in one line if it cannot be had, or is another one than expected; the part stays if it is of use */
    Fetched run() {
        try {
            boolean resumed = part.size() > 0;
            transfer();
            String sum = Checksums.of(part.path());
            if (!isRight(sum) && resumed) {
                line.say(name + ": what was there does not fit what came, so all of it is fetched again");
                part.delete();
                transfer();
                sum = Checksums.of(part.path());
            }
            if (!isRight(sum)) {
                part.delete();
                throw new ConvertError(name + " of " + address.getHost() + " has the SHA-256 " + sum + ", but "
                        + (expected == null ? "the server promised " + told : check == Check.REGISTRY ? "the released file has " + expected
                        : "the one that was pulled before had " + expected + "; delete that model to take this one"));
            }
            part.finish();
            return new Fetched(sum, expected != null ? check : told != null ? Check.SERVER : Check.NONE);
        } catch (IOException e) {
            throw new ConvertError(part.file(), "cannot be written: " + IoReason.of(e), e);
        }
    }

    private boolean isRight(String sum) { return expected != null ? expected.equals(sum) : told == null || told.equals(sum); }

    private void transfer() throws IOException {
        Duration pause = Duration.ofSeconds(FIRST_PAUSE);
        for (int failures = 0; ; ) {
            long before = part.size();
            try {
                request();
                return;
            } catch (NoSpace e) {
                throw e;
            } catch (IOException e) {
                if (part.size() > before) {
                    failures = 0;
                    pause = Duration.ofSeconds(FIRST_PAUSE);
                }
                if (++failures == TRIES) throw failed(TRIES + " times in a row: it " + reason(e));
                Duration asked = e instanceof Busy b && b.pause != null ? b.pause : pause;
                boolean isTooLong = asked.compareTo(LONGEST_PAUSE) > 0;
                if (isTooLong) throw failed("now: it " + reason(e) + " and asks to wait for " + asked.toMinutes() + " minutes");
                line.say(name + ": " + address.getHost() + " " + reason(e) + "; tried again in " + asked.toSeconds() + " s");
                web.pause(asked);
                pause = pause.multipliedBy(2);
            }
        }
    }

    private ConvertError failed(String how) {
        String kept = part.size() > 0 ? "; " + part.size() + " bytes are kept, and the same command goes on from there" : "";
        return new ConvertError(address.getHost() + " did not give " + name + " " + how + kept);
    }

    private static String reason(IOException e) {
        if (e instanceof Busy) return e.getMessage();
        Throwable told = e.getCause() instanceof IOException cause ? cause : e;
        String message = told.getMessage() == null ? told.getClass().getSimpleName() : told.getMessage();
        return "broke off (" + ModelError.clean(message) + ")";
    }

    /** One request for what is missing. @throws IOException if it may go better another time */
    private void request() throws IOException {
        long have = part.size();
        String etag = part.etagFrom(address), range = have > 0 && (etag != null || expected != null) ? "bytes=" + have + "-" : null;
        Web.Answer answer = web.get(address, range, range == null ? null : etag);
        if (answer.lfs() != null) told = answer.lfs();
        HttpResponse<InputStream> r = answer.response();
        try (InputStream body = r.body(); Stall stall = new Stall(body, web.longestSilence())) {
            int status = r.statusCode();
            if (status != 200 && status != 206) {
                refused(r, have);
                return;
            }
            Matcher part206 = RANGE.matcher(header(r.headers(), "Content-Range"));
            boolean goesOn = status == 206 && part206.matches() && String.valueOf(have).equals(part206.group(1));
            if (status == 206 && !goesOn) {
                part.delete();
                throw new IOException("it sent another part than asked for");
            }
            if (!goesOn) part.begin(address, r.headers().firstValue("ETag").orElse(null));
            long from = part.size(), length = r.headers().firstValueAsLong("Content-Length").orElse(-1), total = length < 0 ? -1 : from + length;
            NoSpace.check(part.file(), length, name);
            long[] last = {from};
            try {
                part.append(body, size -> {
                    stall.alive();
                    line.at(name, size, size - last[0]);
                    last[0] = size;
                });
            } finally {
                stall.check();
            }
            if (part.size() < total) throw new IOException("after " + part.size() + " of " + total + " bytes");
        }
    }

    /** @throws IOException if the same request may be answered another time */
    private void refused(HttpResponse<InputStream> r, long have) throws IOException {
        int status = r.statusCode();
        switch (status) {
            case 401, 403 -> throw new ConvertError(address.getHost() + " does not give " + name + " (" + status + "): " + web.advice(address));
            case 407 -> throw new ConvertError("the proxy asks for a name and a password (407): name it as http://USER:PASSWORD@HOST:PORT");
            case 404, 410 -> throw new ConvertError(address.getHost() + " has no " + name + " (" + status + "): " + address);
            case 408, 429, 500, 502, 503, 504 -> throw new Busy(status, pause(header(r.headers(), "Retry-After")));
            case 416 -> {
                Matcher whole = RANGE.matcher(header(r.headers(), "Content-Range"));
                if (whole.matches() && String.valueOf(have).equals(whole.group(2))) return; // all of it is there
                part.delete();
                throw new IOException("it has no such part");
            }
            default -> throw new ConvertError(address.getHost() + " answers " + status + " to the request for " + name);
        }
    }

    private static String header(HttpHeaders headers, String name) { return headers.firstValue(name).orElse(""); }

    /** The value of Retry-After: seconds, or a date. */
    private static Duration pause(String asked) {
        if (asked.matches("\\d{1,9}")) return Duration.ofSeconds(Long.parseLong(asked));
        try {
            Duration until = Duration.between(ZonedDateTime.now(), ZonedDateTime.parse(asked, DateTimeFormatter.RFC_1123_DATE_TIME));
            return until.isNegative() ? Duration.ZERO : until;
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** A disk that is too small. */
    static final class NoSpace extends IOException {
        private static final long serialVersionUID = 1L;

        private NoSpace(String message) { super(message); }

        /** @param more bytes that are to come beside a file; unknown below 0 */
        static void check(Path file, long more, String name) throws IOException {
            Path there = file.toAbsolutePath().getParent();
            while (!Files.exists(there)) there = there.getParent();
            long free = Files.getFileStore(there).getUsableSpace();
            String line = String.format(Locale.ROOT, "%s takes %.2f GB more, but only %.2f GB are free", name, more / 1e9, free / 1e9);
            if (more > free) throw new NoSpace(line);
        }
    }
}
