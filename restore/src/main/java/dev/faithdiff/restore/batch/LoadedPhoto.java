package dev.faithdiff.restore.batch;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;

import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import java.util.List;
import java.util.stream.Stream;

/** A photo in memory, with the settings that its caption and its seed make. @param remarks on both, in sentences */
public record LoadedPhoto(Photo photo, ResultSettings settings, List<String> remarks) {
    /** @param settings of photos without captions. @param seed null: that of the settings */
    public static LoadedPhoto of(Photo photo, Caption caption, ResultSettings settings, Long seed) {
        List<String> remarks = Stream.concat(photo.remarks().stream(), caption.remarks().stream()).toList();
        return new LoadedPhoto(photo, settings(caption, settings, seed), remarks);
    }

    static ResultSettings settings(Caption caption, ResultSettings settings, Long seed) {
        AutoPrompt open = AutoPrompt.of(settings.options());
        return (caption.text() == null ? settings : settings.with(open == null ? PROMPT : open.option(), caption.text())).ofSeed(seed);
    }
}
