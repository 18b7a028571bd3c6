package dev.faithdiff.convert.command;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.MeasureFiles;
import dev.faithdiff.convert.system.Converter;
import dev.faithdiff.convert.system.FaithDiffConverter;
import dev.faithdiff.convert.system.GeneratorConverter;
import dev.faithdiff.convert.system.MeasureConverter;
import dev.faithdiff.convert.system.Precision;
import dev.faithdiff.convert.system.Release;
import dev.faithdiff.convert.system.ReleasedSystem;
import dev.faithdiff.convert.system.SourceFolder;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.nn.LoraFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code faithdiff convert}: makes a model folder from a released checkpoint. */
@Command(name = "convert", sortOptions = false, description = "Makes a model folder from a released checkpoint: from SDXL (a diffusers folder "
        + "or a single file), a VAE (folder or file) and FaithDiff.bin, from a file of an RRDBNet or SRVGGNetCompact (Real-ESRGAN, BSRGAN), "
        + "from the files of another system (AdcSR, OSEDiff, PiSA-SR, SeeSR, DiffBIR, PASD, StableSR, SUPIR, DreamClear), of a captioner (LLaVA, "
        + "RAM, DAPE) or of a measure (--metric). A pickle that asks for anything but tensors and containers is refused.")
public final class ConvertCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "SOURCE", description = "Folder with the parts, which are recognised by what they hold; "
            + "or the file of an RRDBNet or SRVGGNetCompact; or all files of a measure.")
    private List<Path> sources = new ArrayList<>();

    @Mixin private Output output;

    @Option(names = "--sdxl", paramLabel = "PATH", description = "SDXL folder or single file, instead of searching SOURCE.")
    private Path sdxl;

    @Option(names = "--vae", paramLabel = "PATH", description = "VAE folder or file, instead of searching SOURCE.")
    private Path vae;

    @Option(names = "--faithdiff", paramLabel = "FILE", description = "FaithDiff.bin, instead of searching SOURCE.")
    private Path faithdiff;

    @Option(names = "--base", paramLabel = "PATH", description = "For a system made of Stable Diffusion: its folder or single file, instead of "
            + "searching SOURCE.")
    private Path base;

    @Option(names = "--tokenizer", paramLabel = "DIR",
            description = "For a single file: folder with tokenizer/ and tokenizer_2/, or with CLIP's vocab.json and merges.txt.")
    private Path tokenizer;

    @Option(names = "--config", paramLabel = "DIR",
            description = "For a single file whose sizes are not SDXL's: a diffusers folder with its configurations.")
    private Path config;

    @Option(names = "--metric", paramLabel = "NAME", completionCandidates = Metrics.class,
            description = "The sources are the released files of the network of a measure, in any order: ${COMPLETION-CANDIDATES}.")
    private String metric;

    @Option(names = "--lora", paramLabel = LoraFile.FORM, converter = Loras.class, showDefaultValue = Visibility.NEVER,
            description = "Add a LoRA to FaithDiff's weights for good: a file of safetensors or of PyTorch, and how strongly its "
            + "change counts (default: 1). Give it again for more of them.")
    private List<LoraFile> loras = new ArrayList<>();

    @Option(names = "--dtype", defaultValue = "keep", paramLabel = "TYPE", converter = Types.class,
            description = "Element type to store: keep (default), f32, f16, bf16, f8_e4m3 (for the U-Net's matrices; all else is f16), or q8 "
                    + "or q4 (for the language model of LLaVA and for T5). It may differ by part, for example unet=f8_e4m3,vae=f16.")
    private Precision precision;

    /** The names that {@code --metric} takes. */
    static final class Metrics implements Iterable<String> {
        @Override public Iterator<String> iterator() { return MeasureFiles.all().map(MeasureFiles::kind).iterator(); }
    }

    /** Reads the value of {@code --lora}. */
    private static final class Loras implements ITypeConverter<LoraFile> {
        @Override public LoraFile convert(String text) { return LoraFile.of(text); }
    }

    /** Reads the value of {@code --dtype}. */
    static final class Types implements ITypeConverter<Precision> {
        @Override public Precision convert(String text) {
            try {
                return Precision.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    @Override public Integer call() { return output.make(this::converter); }

    /** Opens what the arguments name. */
    Converter converter() {
        if (metric != null) return measure();
        if (sources.size() > 1) throw new ConvertError("there is more than one SOURCE, which only --metric takes");
        Path source = sources.isEmpty() ? null : sources.getFirst();
        Release release = new Release(source, base, tokenizer, config);
        ReleasedSystem system = source == null || !Files.exists(source) ? null : ReleasedSystem.of(release);
        if (system != null) {
            if (!loras.isEmpty()) throw new ConvertError(source, "is of the kind '" + system.kind() + "', to which --lora does not add");
            return system.converter(release, precision);
        }
        if (source != null && Files.isRegularFile(source)) {
            if (!loras.isEmpty()) throw new ConvertError(source, "is no FaithDiff model, to which alone --lora adds");
            return new GeneratorConverter(source, precision);
        }
        return new FaithDiffConverter(new SourceFolder(sdxl, vae, faithdiff, null, tokenizer, config).completed(source), precision, loras);
    }

    private Converter measure() {
        MeasureFiles layout = MeasureFiles.of(metric);
        if (layout == null) {
            String all = String.join(", ", new Metrics());
            throw new ConvertError("there is no measure '" + ModelError.clean(metric) + "' with a network; there are " + all);
        }
        if (sources.isEmpty()) throw new ConvertError("--metric takes the files of the measure as SOURCE");
        return new MeasureConverter(layout, sources, precision);
    }
}
