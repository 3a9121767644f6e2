// The smallest application that has all of the chat of stream-chat-react. Who uses
// it, and where, is in its address.
import { createRoot } from 'react-dom/client';
import {
  Channel, ChannelHeader, ChannelList, Chat, ChatView, MessageComposer, MessageList, Thread, ThreadList, useCreateChatClient, Window,
} from 'stream-chat-react';
import 'stream-chat-react/dist/css/index.css';
import './app.css';

const { server, key, user, token } = Object.fromEntries(new URLSearchParams(location.search));
const userData = { id: user, name: user };
const options = { baseURL: server };
const filters = { type: 'messaging', members: { $in: [user] } };
const sort = { last_message_at: -1 };
const show = { state: true, watch: true, presence: true };

function App() {
  const client = useCreateChatClient({ apiKey: key, tokenOrProvider: token, userData, options });
  if (!client) return null;
  return (
    <Chat client={client}>
      <ChatView>
        <ChatView.Selector />
        <ChatView.Channels>
          <ChannelList filters={filters} sort={sort} options={show} setActiveChannelOnMount={false} showChannelSearch />
          <Channel>
            <Window>
              <ChannelHeader />
              <MessageList />
              <MessageComposer />
            </Window>
            <Thread />
          </Channel>
        </ChatView.Channels>
        <ChatView.Threads>
          <ThreadList />
          <ChatView.ThreadAdapter>
            <Thread />
          </ChatView.ThreadAdapter>
        </ChatView.Threads>
      </ChatView>
    </Chat>
  );
}

createRoot(document.getElementById('root')).render(<App />);
