package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.caption.CaptionListener;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Another program that describes photos. It is started for each photo with the path of a PNG file behind its own arguments, and what it prints is the
 * caption. A failure of it is an {@link UncheckedIOException} of one line.
 */
record CommandCaptioner(List<String> command) implements Captioner {
    private static final int MOST_BYTES = 1 << 20;

    /** @param line the program and its arguments, with spaces between */
    static CommandCaptioner of(String line) { return new CommandCaptioner(List.of(line.strip().split("\\s+"))); }

    @Override public String describe(Image photo, CaptionListener listener) {
        try {
            Path file = Files.createTempFile("faithdiff", ".png");
            try {
                ImageFiles.write(photo, file);
                return answer(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("the caption command " + command.getFirst() + " failed: " + IoReason.of(e), e));
        }
    }

    private String answer(Path photo) throws IOException {
        List<String> all = new ArrayList<>(command);
        all.add(photo.toString());
        Process process = new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try {
            process.getOutputStream().close();
            byte[] bytes = process.getInputStream().readNBytes(MOST_BYTES);
            int code = process.waitFor();
            if (code != 0) throw new IOException("exit code " + code);
            return new String(bytes, StandardCharsets.UTF_8).strip();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroy();
        }
    }

    @Override public void close() { }
}
