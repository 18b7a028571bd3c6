package dev.faithdiff.restore.onestep;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.sd.ProcessSize;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** A complete run of a published system of one step, as the fixtures store it, done again stage by stage with its noise. */
public final class StoredOneStep {
    private final String group, name;
    private final JsonObject run;
    private final Fixtures stored;
    private final SdModel model;
    private final OneStep system;

    public StoredOneStep(String group, String name, SdModel model, OneStep system) {
        this.group = group;
        this.name = name;
        this.model = model;
        this.system = system;
        run = runs(group).getAsJsonObject(name);
        stored = Fixtures.open(group + "/runs/" + name + "/run.safetensors");
    }

    private static JsonObject runs(String group) { return Fixtures.json(group + "/" + group + ".json").getAsJsonObject("runs"); }

    /** The runs of a group that the set has; the project's own set lacks them, since their networks are too large for it. */
    public static Set<String> names(String group) {
        return Files.exists(Fixtures.path(group + "/runs")) ? runs(group).keySet() : Set.of();
    }

    /** The settings of the run. */
    public JsonObject settings() { return run; }

    private int whole(String key) { return run.get(key).getAsInt(); }

    private Image image(String file) { return ImageFiles.read(Fixtures.path(group + "/runs/" + name + "/" + file + ".png")); }

    /** The system's options as the published script had them. */
    public Options options() {
        int down = model.vae.config().downscale(), tile = whole("latent_tiled_size");
        return Options.defaults().with(SCALE, 1.0).with(TILE, tile * down).with(OVERLAP, (tile - whole("latent_tiled_overlap")) / (double) tile)
                .with(PROCESS_SIZE, whole("process_size"));
    }

    /** The published scripts cut a photo's sides to multiples of 8, which this program does not: it is compared where nothing is cut. */
    private void checkEnlarged() {
        Image lr = image("lr"), in = image("input");
        Options o = options().with(SCALE, (double) whole("upscale"));
        Image enlarged = ProcessSize.enlarged(lr, ResultSize.of(o, lr), whole("process_size"));
        Image cut = Resize.resize(enlarged, enlarged.width() / 8 * 8, enlarged.height() / 8 * 8, Filter.LANCZOS);
        assertThat(cut).as("%s enlarged", name).isEqualTo(in);
    }

    /**
     * Runs it.
     *
     * @param options  those of the system, beside those of {@link #options}
     * @param answer   the stored latents after the step; those called decode_input are stored as the decoder takes them
     * @param inTiles  whether the published autoencoder worked in tiles, of which it shares the statistics in a way of its own; then encoding
     *                 and decoding are not compared
     */
    public void check(Options options, String answer, boolean inTiles) {
        checkEnlarged();
        Image in = image("input");
        try (Scope _ = Scope.open()) {
            OneStepRun r = new OneStepRun(model, system, options, in, Listener.NONE);
            Tensor parameters = r.encode();
            if (!inTiles) {
                check("vae_parameters", parameters);
                check("latents", r.latents(parameters, tensor("vae_noise")));
            }
            Tensor after = r.step(tensor("latents"));
            check(answer, answer.equals("decode_input") ? after.mul(1 / model.vae.config().scaling()) : after);
            if (stored.has("pred")) check("pred", tensor("latents").sub(after));
            if (!inTiles) images(r, in, r.step(r.latents(parameters, tensor("vae_noise"))));
        }
    }

    /** A level more or less before a colour rule can be more behind it: there the rule is held against what it makes of the stored image. */
    private void images(OneStepRun r, Image in, Tensor latents) {
        Image decoded = r.decode(latents), stored = image("out_nofix");
        near("out_nofix", decoded, stored, null, null);
        for (ColorFix fix : List.of(ColorFix.ADAIN, ColorFix.WAVELET)) {
            Path path = Fixtures.path(group + "/runs/" + name + "/out_" + fix + ".png");
            if (!Files.exists(path)) continue;
            Image result = fix.apply(decoded, in), expected = ImageFiles.read(path);
            near("out_" + fix, result, expected, decoded, stored);
            near("out_" + fix + " of the stored image", fix.apply(stored, in), expected, null, null);
            Path last = Fixtures.path(group + "/runs/" + name + "/final_" + fix + ".png");
            if (!Files.exists(last)) continue;
            Image shrunk = ImageFiles.read(last), lr = image("lr");
            assertThat(shrunk).hasToString("Image " + whole("upscale") * lr.width() + "x" + whole("upscale") * lr.height());
            near("final " + fix, Resize.resize(expected, shrunk.width(), shrunk.height(), Filter.BICUBIC), shrunk, null, null);
        }
        rows(r, latents);
    }

    /** Every so many rows of the decoded image, before it is cut to 8 bits. */
    private void rows(OneStepRun r, Tensor latents) {
        String rows = stored.names().stream().filter(n -> n.startsWith("decoded_rows_every_")).findFirst().orElseThrow();
        int apart = Integer.parseInt(rows.substring("decoded_rows_every_".length()));
        Tensor decoded = model.vae.decode(latents.mul(1 / model.vae.config().scaling()));
        float[] all = decoded.toFloats(), expected = stored.nhwc(rows), kept = new float[expected.length];
        int pitch = 3 * decoded.size(2);
        for (int y = 0; y * pitch < kept.length; y++) System.arraycopy(all, y * apart * pitch, kept, y * pitch, pitch);
        Fixtures.assertClose(name + " " + rows, kept, expected, atol(rows));
    }

    /** Within a level, and mostly equal, wherever two images that they were made of are equal; null: everywhere. */
    private void near(String file, Image actual, Image expected, Image made, Image of) {
        assertThat(actual.toString()).as(file).isEqualTo(expected.toString());
        int far = 0, different = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            if (made != null && made.rgb()[i] != of.rgb()[i]) continue;
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            far = Math.max(far, d);
            if (d > 0) different++;
        }
        assertThat(far).as("%s %s: largest difference in levels", name, file).isLessThanOrEqualTo(1);
        assertThat(different).as("%s %s: values that differ", name, file).isLessThan(actual.rgb().length / 50);
    }

    private Tensor tensor(String tensor) { return Fixtures.tensor(stored, tensor); }

    private double atol(String tensor) { return run.getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble(); }

    private void check(String tensor, Tensor actual) {
        if (stored.has(tensor)) Fixtures.assertClose(name + " " + tensor, actual, stored, tensor, atol(tensor));
    }

    /** Whether the published autoencoder worked in tiles: one is as long as a tile with its margins on both sides, or longer. */
    public boolean isVaeTiled() {
        JsonArray size = run.getAsJsonArray("input_size");
        int side = Math.max(size.get(0).getAsInt(), size.get(1).getAsInt());
        return side > whole("vae_encoder_tiled_size") + 64 || side / 8 > whole("vae_decoder_tiled_size") + 22;
    }

}
