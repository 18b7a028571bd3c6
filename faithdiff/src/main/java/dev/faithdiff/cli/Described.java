package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** What a captioner says of photos, where {@code --prompt auto} asks for it. It has left the memory before a restorer enters. */
record Described(Map<Path, String> texts) {
    /** One photo that is in memory. */
    static String photo(AutoPrompt prompt, Image photo, Device on) {
        try (Captioner captioner = Captioners.open(Captioners.folder(prompt.captioner()), on)) {
            return captioner.describe(photo);
        }
    }

    /**
     * Photos without captions of their own. One that cannot be read has no description, and is reported when it is to be restored.
     *
     * @param strict whether damaged photos are refused
     * @param told   hears of each photo and its description
     */
    static Described photos(AutoPrompt prompt, List<Path> photos, boolean strict, Device on, BiConsumer<Path, String> told) {
        Map<Path, String> texts = new HashMap<>();
        try (Captioner captioner = Captioners.open(Captioners.folder(prompt.captioner()), on)) {
            for (Path photo : photos) {
                if (Caption.of(photo).text() != null) continue;
                try {
                    texts.put(photo, captioner.describe(Batch.read(photo, strict).visible()));
                } catch (ImageError e) {
                    texts.put(photo, "");
                    continue;
                }
                told.accept(photo, texts.get(photo));
            }
        }
        return new Described(texts);
    }

    /** The caption beside a photo or, without one, the description; neither for a photo that was not described. */
    Caption caption(Path photo) {
        Caption own = Caption.of(photo);
        return own.text() != null ? own : new Caption(texts.get(photo), own.remarks());
    }
}
