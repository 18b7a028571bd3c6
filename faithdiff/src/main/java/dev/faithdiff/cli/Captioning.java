package dev.faithdiff.cli;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE_PROMPTS;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.caption.CaptionOptions.Style;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What {@code --prompt auto} or {@code --tile-prompts auto} asks for: which captioner, and what it is to see. It leaves the memory before the model
 * that restores enters, and the model that cuts a photo into tiles leaves before the captioner enters.
 *
 * @param command another program, or null
 * @param compute how models compute on a device
 */
record Captioning(AutoPrompt prompt, String command, ModelChoice model, OptionFlags flags, Function<Device, Compute> compute) {
    /**
     * Null where words are given, or the model finds them itself.
     *
     * @throws IllegalArgumentException if the options do not fit together
     */
    static Captioning of(String command, ModelChoice model, OptionFlags flags, Function<Device, Compute> compute) {
        AutoPrompt prompt = AutoPrompt.of(PROMPT, flags.text(PROMPT)), tiles = AutoPrompt.of(TILE_PROMPTS, flags.text(TILE_PROMPTS));
        if (prompt != null && tiles != null) throw new IllegalArgumentException("--tile-prompts auto is instead of --prompt auto; leave one out");
        AutoPrompt asked = tiles != null ? tiles : prompt;
        if (asked == null && command != null) {
            throw new IllegalArgumentException("--caption-command answers --prompt auto, which is not given");
        }
        boolean isOwn = tiles == null && prompt != null && prompt.captioner() == null && command == null && model.describes();
        return asked == null || isOwn ? null : new Captioning(asked, command, model, flags, compute);
    }

    private Captioner open(Device on) {
        DType rounding = on.kind().equals(Device.CPU.kind()) ? compute.apply(on).rounding() : null;
        return Described.captioner(prompt, command, model.isFaithDiff() ? Style.FAITHDIFF : Style.SUPIR, rounding, on);
    }

    /** What the captioner is to see of a photo. */
    private List<Image> parts(Image photo, Device on) {
        if (!prompt.isOfTiles()) return List.of(photo);
        try (Restorer restorer = model.open(compute.apply(on))) {
            Options options = flags.of(restorer);
            restorer.check(options);
            return restorer.tiles(photo, options);
        }
    }

    /** What the captioner says of a photo, as the option's text. */
    String text(Image photo, Device on) {
        List<Image> parts = parts(photo, on);
        try (Captioner captioner = open(on)) {
            return prompt.text(parts.stream().map(captioner::describe).toList());
        }
    }

    /** The captions of photos, none of them standard input. @param told hears of each photo and what the captioner said */
    Function<Path, Caption> captions(List<Path> photos, Device on, boolean strict, BiConsumer<Path, String> told) {
        if (photos.isEmpty()) return Caption::of;
        return (prompt.isOfTiles() ? Described.tiles(photo -> text(photo, on), photos, strict, told)
                : Described.photos(() -> open(on), photos, strict, told))::caption;
    }

    /** How long a captioner of ours will take for a photo on a device, and what it will hold. */
    String forecast(Image photo, Device on) {
        return ForecastOption.caption(this::open, device -> parts(photo, on == Device.CPU ? device : CountingDevice.of(on)));
    }

    /** What the captioner said of a photo, in lines to show. @param whole whether to show the texts of tiles, too */
    List<String> shown(Object photo, String text, boolean whole) {
        if (!prompt.isOfTiles()) return List.of(photo + ": " + text);
        List<String> texts = AutoPrompt.ofTiles(text);
        if (!whole) return List.of(photo + ": described in tiles, " + texts.size() + " of them");
        return IntStream.range(0, texts.size()).mapToObj(i -> photo + ", tile " + (i + 1) + ": " + texts.get(i)).toList();
    }
}
