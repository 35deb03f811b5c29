import io.tus.java.client.TusClient;
import io.tus.java.client.TusUpload;
import io.tus.java.client.TusUploader;
import java.io.File;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A client of the upload protocol for tests: ENDPOINT TOKEN FILE STATE. */
public class UploadWithTusJavaClient {
  public static void main(String[] words) throws Exception {
    Path state = Path.of(words[3]);
    TusClient client = new TusClient();
    client.setUploadCreationURL(URI.create(words[0]).toURL());
    client.setHeaders(Map.of("Authorization", "Bearer " + words[1]));
    TusUpload upload = new TusUpload(new File(words[2]));
    TusUploader uploader;
    if (Files.exists(state)) {
      URL begun = URI.create(Files.readString(state)).toURL();
      uploader = client.beginOrResumeUploadFromURL(upload, begun);
    } else {
      uploader = client.createUpload(upload);
      Files.writeString(state, uploader.getUploadURL().toString());
    }
    uploader.setChunkSize(256 * 1024);
    while (uploader.uploadChunk() > -1) {}
    uploader.finish();
  }
}
