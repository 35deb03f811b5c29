import './styles/app.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { createPlayer, PlayerContext } from './sound/player.ts';
import { AppStoreContext } from './store/app-store.ts';
import { createAppStore } from './store/create-app-store.ts';

// Main gives this before the state, so that the first paint is right.
const system = new URLSearchParams(location.search).get('system');
if (system !== null) document.documentElement.dataset['os'] = system;

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

const store = await createAppStore(window.soundlift, (call) => void requestAnimationFrame(call));
document.documentElement.dataset['os'] = store.get().system;
const player = createPlayer(new Audio());
// The sound of a row that leaves the list stops: nothing is heard that cannot be seen.
let before = store.get().rows;
store.subscribe(() => {
  const { rows } = store.get();
  const { id } = player.get();
  if (id !== undefined && before.has(id) && !rows.has(id)) player.stop(id);
  before = rows;
});

createRoot(root).render(
  <StrictMode>
    <AppStoreContext value={store}>
      <PlayerContext value={player}>
        <App />
      </PlayerContext>
    </AppStoreContext>
  </StrictMode>,
);
