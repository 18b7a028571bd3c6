package dev.faithdiff.jmh;

import dev.faithdiff.Model;
import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.Generator;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.networks.srvgg.SrvggConfig;
import dev.faithdiff.networks.srvgg.SrvggNetCompact;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.nn.train.GradClip;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Sigmas;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.train.NoisePrediction;
import dev.faithdiff.train.Objective;
import dev.faithdiff.train.TrainingBatch;
import dev.faithdiff.train.UnifiedObjective;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;

/**
 * Whole models: the bundled one, restoring and training, SDXL's decoder and Real-ESRGAN's networks with drawn weights, and the
 * U-Net of a folder that {@code faithdiff.bench.model} names; for a GPU also FaithDiff of full size. Those that end in {@code bf16} round operands.
 */
final class Models {
    private static final int TEXT_TOKENS = 77, CROPS = 4, STEPS = 20;
    private static final UNetConfig UNET = UNetConfig.SDXL;
    private static final AlignConfig ALIGN = new AlignConfig(new int[] {128, 256, 512, 512}, 2, 32, true, false, 512, 32, 1e-6f,
            320, 640, 8, 2, 2, 1e-5f);
    private static final VaeConfig VAE = new VaeConfig(new int[] {128, 256, 512, 512}, 2, 4, 32, true, 0.13025f);

    static final Map<String, Function<BenchTarget, Workload>> ALL = new LinkedHashMap<>();

    /** At the size of an image of 1024 pixels, with weights of full size: for GPUs. */
    static final Map<String, Function<BenchTarget, Workload>> FULL = new LinkedHashMap<>();

    static {
        ALL.put("restore-mini-512", Models::restore);
        ALL.put("vae-decode-512", p -> decode(p, 64));
        ALL.put("train-mini-unified-128", Models::train);
        ALL.put("rrdbnet-x4-128", p -> enlarge(p, w -> new RrdbNet(w, new RrdbConfig(4, 64, 32, 23))));
        ALL.put("srvggnet-x4-128", p -> enlarge(p, w -> new SrvggNetCompact(w, new SrvggConfig(4, 64, 32))));
        ALL.put("vae-decode-512-bf16", p -> decode(p, 64).rounded());
        ALL.put("rrdbnet-x4-128-bf16", p -> enlarge(p, w -> new RrdbNet(w, new RrdbConfig(4, 64, 32, 23))).rounded());
        if (System.getProperty("faithdiff.bench.model") != null) {
            ALL.put("unet-64x64", p -> unet(p, false));
            ALL.put("unet-64x64-text-kept", p -> unet(p, true));
            ALL.put("unet-64x64-bf16", p -> unet(p, false).rounded());
            ALL.put("unet-64x64-text-kept-bf16", p -> unet(p, true).rounded());
        }
        FULL.put("guided-step-1024", Models::guidedStep);
        FULL.put("vae-decode-1024", p -> decode(p, 128));
        FULL.put("image-1024", Models::image);
    }

    private Models() {}

    /** 128 to 512 pixels with the bundled model, both stages. */
    private static Workload restore(BenchTarget p) {
        Workload work = new Workload();
        Path folder = Path.of(System.getProperty("faithdiff.home"), "models", "faithdiff-mini");
        Restorer mini = work.hold(Restorers.open(folder, new Compute(p.device(), NumberType.valueOf(p.dtype().name()), Offload.NONE)));
        byte[] rgb = new byte[3 * 128 * 128];
        new Random(1).nextBytes(rgb);
        Image photo = Image.of(128, 128, rgb);
        return work.repeat(() -> mini.restore(photo, mini.defaults()));
    }

    /** One step of the second training stage: four crops of 128 pixels, forward, backward, clipping and update. */
    private static Workload train(BenchTarget p) {
        Workload work = new Workload();
        Model model = work.hold(Model.trainable(Path.of(System.getProperty("faithdiff.home"), "models", "faithdiff-mini"), p.device()));
        Objective objective = work.hold(new UnifiedObjective(model, NoisePrediction.Settings.published(), 5e-5, 5e-6, Set.of()));
        AdamW optimizer = work.hold(new AdamW(objective.groups(), AdamW.Settings.defaults()));
        BenchTarget crops = new BenchTarget(p.device(), DType.F32, CROPS);
        TrainingBatch batch = new TrainingBatch(crops.input(work, 128, 128, 3), crops.input(work, 128, 128, 3), Collections.nCopies(CROPS, ""),
                Collections.nCopies(CROPS, new TrainingBatch.Crop(512, 512, 0, 0)));
        Rng rng = Rng.cpu(1);
        return work.repeat(() -> {
            try (Tape tape = Tape.watch(objective.parameters().values())) {
                Map<Tensor, Tensor> gradients = tape.gradients(objective.loss(batch, rng));
                optimizer.step(gradients, 1, GradClip.scale(GradClip.norm(gradients.values()), 1));
                return optimizer.steps();
            }
        });
    }

    /** One image, whatever the place's batch. */
    private static Workload decode(BenchTarget p, int latents) {
        Workload work = new Workload();
        Vae vae = new Vae(p.weights(work), VAE);
        Tensor z = new BenchTarget(p.device(), p.dtype(), 1).input(work, latents, latents, 4);
        return work.repeat(() -> vae.decode(z));
    }

    /** A network of Real-ESRGAN, 128 to 512 pixels. */
    private static Workload enlarge(BenchTarget p, Function<Weights, Generator> network) {
        Workload work = new Workload();
        Generator net = network.apply(p.weights(work));
        Tensor x = p.input(work, 128, 128, 3);
        return work.repeat(() -> net.forward(x));
    }

    /** One prediction of a 64x64 latent, batch 1; with the text's keys and values kept as in all steps of a run but the first. */
    private static Workload unet(BenchTarget p, boolean textKept) {
        Path folder = Path.of(System.getProperty("faithdiff.bench.model"));
        UNetConfig c = UNetConfig.of(Config.read(folder.resolve("unet/config.json")));
        Workload work = new Workload();
        UNet unet = work.hold(Model.open(folder, p.device())).unet.unet();
        Tensor x = p.input(work, 64, 64, c.inChannels()), text = p.input(work, TEXT_TOKENS, c.textWidth());
        Tensor pooled = p.input(work, c.time().addedWidth() - 6 * c.time().sizeWidth()), sizes = p.input(work, 6);
        Context kept = new Context(text, work.scope());
        return work.repeat(() -> unet.denoise(unet.embed(x), unet.embedTime(500, pooled, sizes), textKept ? kept : new Context(text)));
    }

    /** The tensors of a step's prompt rows. */
    private record Prompt(Context text, Tensor added) {
        static Prompt of(BenchTarget p, Workload work, AlignedUNet unet) {
            Tensor states = p.input(work, TEXT_TOKENS, UNET.textWidth());
            Tensor sizes = new BenchTarget(Device.CPU, DType.F32, p.batch()).input(work, 6); // as a pipeline has them: sinusoids are made on the host
            Tensor pooled = p.input(work, UNET.time().addedWidth() - 6 * UNET.time().sizeWidth());
            return new Prompt(new Context(states, work.scope()), work.tensors(() -> new Tensor[] {unet.unet().time().added(pooled, sizes)})[0]);
        }
    }

    /** One guided prediction of a 128x128 latent: two rows of text, one of latents and of condition; recorded where the device does that. */
    private static Workload guidedStep(BenchTarget p) {
        Workload work = new Workload();
        AlignedUNet unet = new AlignedUNet(p.weights(work), UNET, ALIGN);
        BenchTarget one = new BenchTarget(p.device(), p.dtype(), 1);
        Tensor x = one.input(work, 128, 128, 4), condition = one.input(work, 128, 128, ALIGN.embeddingChannels());
        Prompt prompt = Prompt.of(p, work, unet);
        Guidance guidance = new Guidance(5, 0);
        Replay predict = work.hold(p.device().replay(in -> unet.predict(in[0], in[1], in[2], prompt.text)));
        return work.repeat(() -> guidance.apply(predict.run(x, condition, unet.unet().embedTime(500, prompt.added)), 500));
    }

    /** A whole image but for its text: both encoders, all guided steps, the decoder. */
    private static Workload image(BenchTarget p) {
        Workload work = new Workload();
        AlignedUNet unet = new AlignedUNet(p.weights(work), UNET, ALIGN);
        Vae vae = new Vae(p.weights(work), VAE);
        BenchTarget one = new BenchTarget(p.device(), p.dtype(), 1);
        Tensor photo = one.input(work, 1024, 1024, 3), noise = one.input(work, 128, 128, 4);
        Prompt prompt = Prompt.of(p, work, unet);
        NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012, NoiseSchedule.Spacing.LEADING, 1);
        Sampler sampler = EulerSampler.euler(schedule, STEPS, Sigmas.SCHEDULE, 0);
        Guidance guidance = new Guidance(5, 0);
        Replay predict = work.hold(p.device().replay(in -> unet.predict(in[0], in[1], in[2], prompt.text)));
        return work.repeat(() -> {
            Tensor condition = unet.condition(unet.features(photo)), x = Vae.Gaussian.of(vae.encode(photo)).sample(noise);
            try (Sampler.State state = sampler.begin()) {
                for (int i = 0; i < STEPS; i++) {
                    try (Scope s = Scope.open()) {
                        Tensor temb = unet.unet().embedTime((float) sampler.timesteps()[i], prompt.added);
                        Tensor in = sampler.scaleInput(x, i), eps = guidance.apply(predict.run(in, condition, temb), sampler.timesteps()[i]);
                        x = s.keep(state.step(x, schedule.data(eps, in, sampler.levels().from()[i]), i, () -> noise));
                    }
                }
            }
            return vae.decode(x);
        });
    }
}
