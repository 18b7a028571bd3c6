package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.CaptionOptions.Style;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** What a captioner says of photos, where {@code --prompt auto} asks for it. It has left the memory before a restorer enters. */
record Described(Map<Path, String> texts) {
    /**
     * The captioner that is asked for.
     *
     * @param command  another program, or null
     * @param style    what becomes of sentences
     * @param rounding the type to which products round their factors, or null
     */
    static Captioner captioner(AutoPrompt prompt, String command, Style style, DType rounding, Device on) {
        if (command != null) return CommandCaptioner.of(command);
        return Captioners.open(Captioners.folder(prompt.captioner()), on, CaptionOptions.PUBLISHED.with(style).with(rounding));
    }

    /** One photo that is in memory. @param open opens the captioner */
    static String photo(Supplier<Captioner> open, Image photo) {
        try (Captioner captioner = open.get()) {
            return captioner.describe(photo);
        }
    }

    /** What each of so many parts along each side of a photo shows, row by row. */
    static List<String> parts(Captioner captioner, Image photo, int along) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < along * along; i++) {
            int row = i / along, column = i % along, w = photo.width(), h = photo.height();
            int x = w * column / along, y = h * row / along;
            texts.add(captioner.describe(photo.crop(x, y, w * (column + 1) / along - x, h * (row + 1) / along - y)));
        }
        return texts;
    }

    /**
     * Photos without captions of their own. One that cannot be read has no description, and is reported when it is to be restored.
     *
     * @param open   opens the captioner
     * @param strict whether damaged photos are refused
     * @param told   hears of each photo and its description
     */
    static Described photos(Supplier<Captioner> open, List<Path> photos, boolean strict, BiConsumer<Path, String> told) {
        Map<Path, String> texts = new HashMap<>();
        try (Captioner captioner = open.get()) {
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
