package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the model folder of a released FaithDiff checkpoint, with the SDXL and the VAE that belong to it. */
public final class FaithDiffConverter implements Converter {
    private final SourceFolder source;
    private final ConversionReport report = new ConversionReport();
    private final ModelPlan plan;
    private final Sdxl sdxl;
    private final MergedLoras loras;
    private WeightFile fine, vae;

    public FaithDiffConverter(SourceFolder source, Precision precision) { this(source, precision, List.of()); }

    /** @param loras are added to the weights for good */
    public FaithDiffConverter(SourceFolder source, Precision precision, List<LoraFile> loras) {
        this.source = source;
        this.loras = new MergedLoras(loras);
        plan = new ModelPlan(precision, report);
        sdxl = Sdxl.open(source);
    }

    @Override public ConversionReport plan() {
        boolean text = sdxl.hasText();
        if (!text) report.note("text: " + source.sdxl().getFileName() + " has no text encoders, so the model reads no text and takes no prompt");
        Map<String, Sdxl.ConfigFile> configs = new LinkedHashMap<>();
        configs.put("unet", sdxl.config("unet", report));
        configs.put("vae", vaeConfig());
        if (text) for (String part : Sdxl.TEXT) configs.put(part, sdxl.config(part, report));
        plan.files(sdxl.files(report));
        report.requireComplete();
        loras.requireOnly(text ? List.of(Lora.Part.values()) : List.of(Lora.Part.UNET, Lora.Part.VAE));

        configs.forEach((part, config) -> plan.file(part + "/config.json", config.text()));
        planUnet(configs.get("unet").config(), text);
        String origin = source.vae() == null ? sdxl.name("vae") : source.vae().getFileName().toString();
        plan.part("vae", loras.merged(Lora.Part.VAE, vaeTensors(), null, report), NeededTensors.vae(configs.get("vae").config()), origin);
        if (text) for (String p : Sdxl.TEXT) planText(p, configs.get(p).config());
        report.unused(sdxl.name(""), sdxl.others());
        report.requireComplete();
        return report;
    }

    @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

    private void planText(String part, Config config) {
        plan.part(part, loras.merged(part(part), sdxl.tensors(part), null, report), NeededTensors.text(config), sdxl.name(part));
    }

    /** SDXL's tensors, FaithDiff's fine-tuned ones in their place, and the modules it adds. */
    private void planUnet(Config config, boolean text) {
        fine = WeightFile.open(source.faithdiff());
        Map<String, Source> base = sdxl.tensors("unet"), tuned = KeyNames.unwrap(fine.tensors());
        requireModules(tuned);
        UNetConfig sizes = UNetConfig.of(config);
        if (sizes.time().addedWidth() == 0) throw config.wrong("addition_embed_type", "'text_time', as in SDXL");
        JsonObject given = source.numbers() == null ? null : Config.read(source.numbers()).json();
        JsonObject numbers = ModelJson.numbers(tuned, given, sizes, text, report);
        plan.file("model.json", ModelJson.text(source, numbers));
        String name = source.faithdiff().getFileName().toString();

        Map<String, Shape> plain = NeededTensors.unet(config);
        Map<String, Shape> needed = NeededTensors.alignedUnet(config, Config.of(source.faithdiff(), numbers.toString()));
        Map<String, Source> all = new LinkedHashMap<>();
        plain.keySet().forEach(key -> { if (base.containsKey(key)) all.put(key, base.get(key)); });
        needed.keySet().forEach(key -> { if (tuned.containsKey(key)) all.put(key, tuned.get(key)); });
        long replaced = plain.keySet().stream().filter(tuned::containsKey).count();
        String origin = replaced + " of " + plain.size() + " U-Net tensors and " + (needed.size() - plain.size()) + " added ones from " + name;
        plan.part("unet", loras.merged(Lora.Part.UNET, all, config, report), needed, origin);
        report.unused("unet", sdxl.name("unet"), KeyNames.unused(base, plain), plain.keySet());
        report.unused("unet", name, KeyNames.unused(tuned, needed), needed.keySet());
        long dropped = fine.tensors().size() - tuned.size();
        if (dropped > 0) report.note(name + ": " + dropped + " tensors that are not of the model dropped");
    }

    private static Lora.Part part(String folder) {
        return Arrays.stream(Lora.Part.values()).filter(p -> p.folder().equals(folder)).findFirst().orElseThrow();
    }

    /** The published loader leaves a module without keys at its random values, which would restore nothing. */
    private void requireModules(Map<String, Source> tuned) {
        for (String module : AlignConfig.MODULES) {
            if (tuned.keySet().stream().noneMatch(k -> k.startsWith(module + "."))) {
                throw new ConvertError(source.faithdiff(), "has no tensor of " + module + "; it is " + Architecture.of(tuned));
            }
        }
    }

    private Map<String, Source> vaeTensors() {
        if (source.vae() == null) return sdxl.tensors("vae");
        if (vae == null) vae = WeightFile.open(source.vae());
        return OriginalLayout.vae(vae.tensors());
    }

    /** The configuration of a VAE. That of a single file may lie beside it; else it is derived from the tensors. */
    private Sdxl.ConfigFile vaeConfig() {
        if (source.vae() == null) return sdxl.config("vae", report);
        if (Files.isDirectory(source.vae())) return SdxlFolder.config("vae", source.vae(), report);
        Path beside = source.vae().resolveSibling("config.json");
        if (Files.isRegularFile(beside)) return new Sdxl.ConfigFile(beside, SmallFile.text(beside));
        return new Sdxl.ConfigFile(source.vae(), Published.text(DerivedConfig.of("vae", vaeTensors())));
    }

    @Override public void close() {
        sdxl.close();
        loras.close();
        for (WeightFile f : new WeightFile[] {fine, vae}) if (f != null) f.close();
    }
}
