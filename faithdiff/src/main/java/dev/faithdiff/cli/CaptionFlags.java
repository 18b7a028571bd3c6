package dev.faithdiff.cli;

import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.CaptionOptions.Style;
import dev.faithdiff.tensor.DType;
import picocli.CommandLine.Option;

/** The options of a captioner that writes sentences. */
final class CaptionFlags {
    @Option(names = "--question", paramLabel = "TEXT", description = "What the captioner is asked (default: Describe this image and its style "
            + "in a very detailed manner.).")
    private String question;

    @Option(names = "--max-tokens", paramLabel = "N", description = "The most tokens of a caption (default: 512, as published).")
    private int most = CaptionOptions.PUBLISHED.most();

    @Option(names = "--temperature", paramLabel = "T", description = "0: always the likeliest token. Above: tokens are drawn (default: "
            + "0.2, as published).")
    private double temperature = CaptionOptions.PUBLISHED.temperature();

    @Option(names = "--top-p", paramLabel = "P", description = "Draw from the likeliest tokens that have this share of the probability (default: "
            + "0.7, as published).")
    private double topP = CaptionOptions.PUBLISHED.topP();

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the draws (default: 0).")
    private long seed;

    @Option(names = "--pad", description = "Pad a photo to a square, so that all of it is seen. Without it the middle is, as by the published "
            + "captioners of FaithDiff and SUPIR.")
    private boolean padded;

    @Option(names = "--style", paramLabel = "STYLE", description = "How the answer becomes the caption. plain (default): unchanged. "
            + "supir: on one line. faithdiff: without its first three words and what is behind its second sentence, as published.")
    private Style style = Style.PLAIN;

    @Option(names = "--precision", paramLabel = "TYPE", description = "f32 (default), bf16: factors of products are rounded, so that the "
            + "photo and the question are read faster where the processor has AVX512-BF16, or int8: those of linear layers are rounded to "
            + "bytes, so that words are written faster.")
    private Type type = Type.F32;

    private enum Type {
        F32(null), BF16(DType.BF16), INT8(DType.I8);

        private final DType rounding;

        Type(DType rounding) { this.rounding = rounding; }
    }

    /** @throws IllegalArgumentException if a number is out of range */
    CaptionOptions options() {
        return new CaptionOptions(question, most, temperature, topP, seed, padded, style, type.rounding);
    }
}
