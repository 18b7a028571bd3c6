package dev.faithdiff.restore.llava;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.llama.KeyValues;
import dev.faithdiff.networks.llama.Llama;
import dev.faithdiff.networks.llama.LlamaConfig;
import dev.faithdiff.networks.llama.PieceTokenizer;
import dev.faithdiff.networks.llama.Sampling;
import dev.faithdiff.networks.llava.LlavaConfig;
import dev.faithdiff.networks.llava.LlavaVision;
import dev.faithdiff.nn.FileWeights;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Gate;
import dev.faithdiff.restore.caption.CaptionListener;
import dev.faithdiff.restore.caption.CaptionListener.Phase;
import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * LLaVA-1.5 as a captioner. The text before the image and the text after it are encoded apart, the vectors of the image's patches stand between them,
 * and the language model goes on with the whole until it ends its answer.
 */
final class LlavaCaptioner implements Captioner {
    /** The templates of Vicuna's first version, with the image at the begin of the question. */
    private static final String BEFORE = "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, "
            + "detailed, and polite answers to the user's questions. USER: ", AFTER = "\n%s ASSISTANT:";
    private static final String QUESTION = "Describe this image and its style in a very detailed manner.";
    /** The published library draws from no more tokens than these, whatever else is asked for. */
    private static final int TOP_K = 50;

    private final Deque<Weights> open = new ArrayDeque<>();
    private final Gate gate;
    private final CaptionOptions options;
    private final Device device;
    private final LlavaVision vision;
    private final Llama llama;
    private final PieceTokenizer tokenizer;

    /** @param device the CPU, or what stands in for it */
    LlavaCaptioner(ModelFolder folder, Device device, CaptionOptions options) {
        this.options = options;
        this.device = device;
        gate = new Gate("LlavaCaptioner", device, options.rounding());
        try {
            tokenizer = PieceTokenizer.read(folder.path().resolve("tokenizer/tokenizer.model"));
            Weights seeing = weights(new FileWeights(folder.path().resolve("vision/model.safetensors")));
            vision = new LlavaVision(seeing, LlavaConfig.of(config(folder, "vision")));
            seeing.done();
            LlamaConfig c = LlamaConfig.of(config(folder, "language"));
            llama = new Llama(weights(FileWeights.kept(folder.path().resolve("language/model.safetensors"))), c);
            open.peek().done();
        } catch (Throwable e) {
            free();
            throw e;
        }
    }

    private static Config config(ModelFolder folder, String part) { return Config.read(folder.path().resolve(part).resolve("config.json")); }

    private Weights weights(WeightSource source) {
        open.push(Weights.of(source, device, null, null));
        return open.peek();
    }

    @Override public String describe(Image photo, CaptionListener listener) {
        return options.style().apply(tokenizer.decode(answer(photo, listener)));
    }

    /** Chooses a token by the scores of all. */
    interface Choice {
        int of(float[] logits, int step);
    }

    /** The tokens of the answer, without the end. */
    int[] answer(Image photo, CaptionListener listener) {
        Sampling sampling = new Sampling(options.temperature(), TOP_K, options.topP());
        Rng rng = Rng.cpu(options.seed());
        return drawn(photo, options.most(), (logits, _) -> sampling.choose(logits, rng), listener).stream().filter(id -> id != PieceTokenizer.END)
                .mapToInt(Long::intValue).toArray();
    }

    /** The tokens of an answer up to its end or to {@code most}. */
    List<Long> drawn(Image photo, int most, Choice choice, CaptionListener listener) {
        return gate.pass(() -> {
            try (Scope _ = Scope.open()) {
                listener.at(Phase.SEE, 0);
                Tensor prompt = prompt(photo);
                listener.at(Phase.READ, prompt.size(1));
                KeyValues cache = new KeyValues(llama.config(), prompt.size(1) + most, DType.F16, device);
                List<Long> answer = new ArrayList<>();
                long next = choice.of(logits(prompt, cache), 0);
                answer.add(next);
                listener.at(Phase.WRITE, 1);
                // Without values every answer is as long as may be.
                while ((next != PieceTokenizer.END || !device.computes()) && answer.size() < most) {
                    try (Scope _ = Scope.open()) {
                        next = choice.of(logits(embedded((int) next), cache), answer.size());
                    }
                    answer.add(next);
                    listener.at(Phase.WRITE, answer.size());
                }
                return answer;
            }
        });
    }

    /** Vectors {@code [1, T, width]} of the question and the image. */
    private Tensor prompt(Image photo) {
        try (Scope s = Scope.open()) {
            String question = AFTER.formatted(options.question() == null ? QUESTION : options.question());
            Tensor image = vision.forward(LlavaVision.normalized(LlavaImage.of(photo, vision.side(), options.padded()).to(device)));
            int[] before = tokenizer.encode(BEFORE), begun = new int[before.length + 1];
            begun[0] = PieceTokenizer.BEGIN;
            System.arraycopy(before, 0, begun, 1, before.length);
            return s.keep(embedded(begun).concat(1, image, embedded(tokenizer.encode(question))));
        }
    }

    private Tensor embedded(int... ids) { return llama.embed(Tensor.of(Arrays.stream(ids).asLongStream().toArray(), 1, ids.length).to(device)); }

    /** The scores of the token behind the next vectors. Rows of the table behind the tokenizer's pieces are never meant. */
    private float[] logits(Tensor x, KeyValues cache) {
        try (Scope _ = Scope.open()) {
            Tensor states = llama.forward(x, cache), last = states.slice(1, states.size(1) - 1, states.size(1));
            float[] logits = llama.logits(last).toFloats();
            return Arrays.copyOf(logits, Math.min(logits.length, tokenizer.size()));
        }
    }

    private void free() {
        while (!open.isEmpty()) open.pop().close();
    }

    @Override public void close() { gate.close(this::free); }
}
